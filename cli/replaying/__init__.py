"""Turns rows of a file into events and delivers them; a killed replay continues where it was."""
