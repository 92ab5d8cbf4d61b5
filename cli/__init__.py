"""Commands that a person starts: up, demo, replay, doctor. May import everything."""
