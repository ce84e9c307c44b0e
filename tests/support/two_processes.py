"""One of two processes that train together over gloo: `two_processes.py RANK PORT FOLDER KIND`."""

from __future__ import annotations

import gc
import os
import sys

import torch
from torch import distributed
from torch.nn.parallel import DistributedDataParallel
from training import BATCH, data, made

from tui_telescope import Recorder


def main(rank: int, port: str, folder: str, kind: str) -> None:
    torch.set_num_threads(1)
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=port)
    distributed.init_process_group("gloo", rank=rank, world_size=2)
    train(rank, folder, kind)
    gc.collect()  # what a model holds of the group's threads must be gone before they are
    distributed.barrier()
    distributed.destroy_process_group()


def train(rank: int, folder: str, kind: str) -> None:
    model = made()
    if kind == "ddp":
        model = DistributedDataParallel(model, find_unused_parameters=True)
    else:
        from torch.distributed.device_mesh import init_device_mesh
        from torch.distributed.fsdp import fully_shard

        mesh = init_device_mesh("cpu", (2,))
        for block in model.blocks:
            fully_shard(block, mesh=mesh)
        fully_shard(model, mesh=mesh)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    recorder = Recorder(model, optimizer, folder, every=1)
    half = slice(rank * BATCH // 2, (rank + 1) * BATCH // 2)
    for x, y in data():
        optimizer.zero_grad()
        loss = (model(x[half]) - y[half]).square().mean()
        loss.backward()
        recorder.log(loss=loss)
        optimizer.step()
    recorder.close()


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])
