"""The screens of a terminal: Persian, right to left, usable by keyboard alone; all their bytes come from here."""
