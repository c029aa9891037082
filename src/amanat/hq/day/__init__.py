"""The situation room: one live page about the polling day."""
