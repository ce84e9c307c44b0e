"""The course of learning: what is seen of a learner now and then, what is kept of it, and what is said of it."""
