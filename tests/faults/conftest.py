"""How many cases each enumeration went through, told at the end of the run, whatever ran it."""

import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    found = [
        (report.nodeid.rpartition("::")[2], value)
        for report in terminalreporter.stats.get("passed", [])
        for name, value in getattr(report, "user_properties", [])
        if name == "cases"
    ]
    if found:
        terminalreporter.write_line(f"cases of faults: {sum(n for _, n in found)}")
        for test, number in sorted(found):
            terminalreporter.write_line(f"  {number:6}  {test}")
