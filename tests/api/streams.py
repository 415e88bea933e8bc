"""Answers that are made while they are sent."""

import http.client

import pytest


def assert_ends_with_its_token(server, world, account, target, scope):
    """NDJSON that a token reads is cut off, without its end, when the token is revoked in the middle of it."""
    token, _ = world.token(account, [scope])
    connection = http.client.HTTPConnection(server.host, server.port, timeout=60)
    connection.request("GET", target, headers={"Accept": "application/x-ndjson", "Authorization": f"Bearer {token['secret']}"})
    answer = connection.getresponse()
    assert answer.status == 200 and answer.read(1000)
    account.client.delete(f"/v1/tokens/{token['id']}").expect(204)
    with pytest.raises((http.client.IncompleteRead, ConnectionError)):
        while answer.read(1 << 16):
            pass
    connection.close()
