"""Asking for a new password takes as long whether the address has an account: password_request_reset does the same for both.
A statistical test: interleaved, and only a difference that a stranger could use counts."""

import os
import random
import statistics
import time

import pytest

ROUNDS = 1500 if os.environ.get("SEGRETERIA_SLOW_TESTS") == "1" else 300


@pytest.fixture(scope="module")
def server_options():
    return ["--rate-limit", "off"]


def test_nobody_and_somebody_take_as_long(world, api, database):
    account = world.candidate()
    taken = {True: [], False: []}
    for number in range(ROUNDS):
        # A fresh address each time, or one of an account: in random order, so that whatever else goes on hits both.
        for known in random.sample([True, False], 2):
            email = account.email if known else f"nobody.{number}@posta.example"
            start = time.perf_counter()
            api.post("/v1/password/reset-requests", {"email": email}).expect(202)
            taken[known].append(time.perf_counter() - start)
    middle = {known: statistics.median(times) for known, times in taken.items()}
    spread = statistics.median(abs(t - middle[False]) for t in taken[False])
    # The medians of the same thing measured twice differ by about spread / sqrt(rounds); five times that is a difference.
    assert abs(middle[True] - middle[False]) < max(5 * 1.86 * spread / ROUNDS ** 0.5, 0.02 * middle[False]), (middle, spread)
