"""The recorder beside a real PyTorch: `pip install -e '.[test,torch]'`. Where that is not installed there is none."""

from importlib.util import find_spec

collect_ignore_glob = [] if find_spec("torch") else ["test_*.py"]
