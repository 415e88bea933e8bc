"""What the files of this suite share: data directories, and a PostgreSQL that is not the server's own."""

import pytest
from private_server import new_data_dir, remove
from service import Postgres


@pytest.fixture
def data_dir():
    """A new one for each test."""
    path = new_data_dir()
    yield path
    remove(path)


@pytest.fixture(scope="module")
def kept_data_dir():
    """One for all tests of a file."""
    path = new_data_dir()
    yield path
    remove(path)


@pytest.fixture(scope="module")
def postgres():
    """With a data base `service`; it is empty until a server uses it."""
    with Postgres() as running:
        running.sql("create database service")
        yield running
