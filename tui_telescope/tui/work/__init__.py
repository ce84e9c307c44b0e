"""What is computed for the screen, and when: at once, in a thread, or before anybody asks."""
