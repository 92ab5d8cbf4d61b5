"""Pure rules from events to moments increments. Of inference: moments and deal times alone."""
