"""A traceback in the shipped program's log fails its day, though a screen went on with a polite sentence."""

import logging

from amanat.rehearsal.simulation.own_faults import OwnFaults


def test_an_exception_in_the_log_is_a_broken_promise() -> None:
    """What `acts` and `terminal` log is told with its cause while the world listens, and not afterwards."""
    said: list[str] = []
    heard = OwnFaults(said.append)
    try:
        raise KeyError("x")
    except KeyError:
        logging.exception("background work of device %d", 3)
    logging.warning("nothing")
    heard.close()
    logging.error("later")
    assert said == ["a fault of our own: background work of device 3 KeyError('x')"]
