"""What the pytest suites share: the contract, PostgreSQL, the server, a client that checks every answer, and a world of
accounts and vacancies to test with."""
