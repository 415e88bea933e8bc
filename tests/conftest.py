"""Fixtures of the suites that need a server: each test file has a data base and a server of its own.

    server      the running server (support.server.Server)
    database    its data base, behind its back (support.postgres.Database)
    api         a client without a token, on it (support.client.Client); every answer is checked against openapi.yaml
    world       companies, candidates, vacancies (support.world.World)

and the people that many files need: company, recruiter, viewer, candidate, person.
"""

import os
import re

import pytest
from support import postgres
from support.mail import Mailbox
from support.server import BINARY, Server
from support.world import World


def leads(config):
    return not hasattr(config, "workerinput")


def pytest_configure(config):
    os.environ["SEGRETERIA_RATE_LIMIT"] = "off"  # but where a test asks for limits
    if leads(config):
        postgres.reserve()


def pytest_unconfigure(config):
    if leads(config) and postgres.VARIABLE in os.environ:
        postgres.release()


@pytest.fixture(scope="session")
def cluster():
    assert BINARY.exists(), f"{BINARY} is not built (./dev build asan)"
    running = postgres.Cluster(os.environ[postgres.VARIABLE])
    running.ready(BINARY)
    return running


@pytest.fixture(scope="module")
def database(cluster, request):
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    made = cluster.create(re.sub(r"\W", "_", request.module.__name__) + worker)
    yield made
    cluster.drop(made)


@pytest.fixture(scope="module")
def server_options():
    """Command line options of the server; a test file overrides this."""
    return []


@pytest.fixture(scope="module")
def server_environment():
    """Variables of the server; a test file overrides this."""
    return {}


@pytest.fixture(scope="module")
def server(database, server_options, server_environment, tmp_path_factory):
    running = Server(tmp_path_factory.mktemp("server"), database.conninfo, server_options, server_environment)
    yield running
    running.stop()


@pytest.fixture(scope="module")
def api(server):
    client = server.client()
    yield client
    client.close()


@pytest.fixture(scope="module")
def world(api, database):
    return World(api, database)


@pytest.fixture(scope="module")
def company(world):
    """A company; its client is the owner's."""
    return world.company()


@pytest.fixture(scope="module")
def recruiter(world, company):
    return world.member(company, "recruiter")


@pytest.fixture(scope="module")
def viewer(world, company):
    return world.member(company, "viewer")


@pytest.fixture(scope="module")
def candidate(world):
    """The same for all tests of a file."""
    return world.candidate()


@pytest.fixture
def person(world):
    """A new candidate for each test."""
    return world.candidate()


@pytest.fixture
def forget_attempts(database):
    """Nobody has tried a password yet."""
    database.query("delete from sign_in_throttle")


@pytest.fixture(scope="module")
def mailbox():
    """A mail server; the server under test sends to it when its options name the mailbox's port."""
    box = Mailbox()
    yield box
    box.stop()
