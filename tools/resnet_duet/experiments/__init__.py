"""Small experiments in which a difference between the frameworks shows, or hides."""
