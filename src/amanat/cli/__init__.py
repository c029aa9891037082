"""`amanat …`: parsing, progress and printing only."""
