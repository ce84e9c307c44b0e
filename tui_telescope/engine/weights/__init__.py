"""The drawn numbers of networks: streams, initializers, and the draws that are kept."""
