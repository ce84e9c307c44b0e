"""What every source of readings yields: observations, their statistics and the verdict, in numbers and in words."""
