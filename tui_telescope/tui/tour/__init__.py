"""The guided tour on the screen."""
