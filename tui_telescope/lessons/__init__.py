"""The guided tour: its steps as data, with every number taken from the engine when it is shown."""
