"""Amanat (امانت): an electronic election whose stations work without the network and whose result anyone can verify."""
