"""The network that is exported is the network that was trained: both are written here, one under the other.

Characters (64 numbers each) and frequent pairs (32 each, the one begun and the one ended) → 128 → five residual
convolutions over three characters, 1, 2, 4, 8 and 1 apart → nine tags. Padding is zero before every convolution, so a
text gives the same tags alone, in a batch, or packed with others.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax  # type: ignore[import-not-found]
import jax.numpy as jnp  # type: ignore[import-not-found]
import numpy as np
import onnx  # type: ignore[import-not-found]
from onnx import TensorProto, numpy_helper
from onnx import helper as make

CHARACTER, PAIR, WIDE, TAGS = 64, 32, 128, 9
DISTANCES = (1, 2, 4, 8, 1)
HALF = np.float16

Weights = dict[str, Any]


def fresh(characters: int, pairs: int, seed: int) -> Weights:
    """Weights before training."""
    source = np.random.default_rng(seed)
    entry = CHARACTER + 2 * PAIR

    def normal(scale: float, *shape: int) -> Any:
        return jnp.asarray(source.normal(0, scale, shape), dtype=jnp.float32)

    weights: Weights = {
        "characters": normal(0.3, characters, CHARACTER),
        "pairs": normal(0.2, pairs, PAIR),
        "enter": normal(entry**-0.5 * 1.4, entry, WIDE),
        "enter.bias": jnp.zeros(WIDE),
        "leave": normal(WIDE**-0.5, WIDE, TAGS),
        "leave.bias": jnp.zeros(TAGS),
    }
    for at in range(len(DISTANCES)):
        weights[f"turn{at}"] = normal((3 * WIDE) ** -0.5, 3, WIDE, WIDE)
        weights[f"turn{at}.bias"] = jnp.zeros(WIDE)
    return weights


def _beside(rows: Any, by: int) -> Any:
    """Each row moved right by `by` places (left if negative), zeros coming in."""
    if by > 0:
        return jnp.pad(rows[:, :-by], ((0, 0), (by, 0), (0, 0)))
    return jnp.pad(rows[:, -by:], ((0, 0), (0, -by), (0, 0)))


def logits(weights: Weights, characters: Any, pairs: Any, key: Any = None, drop: float = 0.0) -> Any:
    """(texts, length, TAGS) of character and pair numbers; with a `key`, shares of the inputs are dropped."""
    there = (characters > 0).astype(jnp.float32)[:, :, None]
    begun = weights["pairs"][pairs] * (pairs > 0)[:, :, None]
    single = weights["characters"][characters] * there
    if key is not None:
        keys = jax.random.split(key, 3)
        begun *= jax.random.bernoulli(keys[0], 1 - 2 * drop, (*pairs.shape, 1))
        single *= jax.random.bernoulli(keys[1], 1 - drop / 2, (*characters.shape, 1))
    seen = jnp.concatenate([single, begun, _beside(begun, 1)], axis=2)
    state = jax.nn.relu(seen @ weights["enter"] + weights["enter.bias"]) * there
    if key is not None:
        state *= jax.random.bernoulli(keys[2], 1 - drop, (state.shape[0], state.shape[1], WIDE)) / (1 - drop)
    for at, distance in enumerate(DISTANCES):
        three = jnp.concatenate([_beside(state, distance), state, _beside(state, -distance)], axis=2)
        turned = three @ weights[f"turn{at}"].reshape(3 * WIDE, WIDE) + weights[f"turn{at}.bias"]
        state = (state + jax.nn.relu(turned)) * there
    return state @ weights["leave"] + weights["leave.bias"]


def read(path: Path, lean: Mapping[int, float]) -> Weights:
    """The weights of an exported network, to go on training from; `lean` is what was added when it was exported."""
    held = {each.name: numpy_helper.to_array(each) for each in onnx.load(str(path)).graph.initializer}
    weights = {name: held[f"{name}.table"].astype(np.float32) for name in ("characters", "pairs")}
    for name in ("enter", "leave"):
        weights[name] = held[name][:, :, 0].T
        weights[f"{name}.bias"] = held[f"{name}.bias"].copy()
    for at in range(len(DISTANCES)):
        weights[f"turn{at}"] = held[f"turn{at}"].transpose(2, 1, 0)
        weights[f"turn{at}.bias"] = held[f"turn{at}.bias"]
    for tag, by in lean.items():
        weights["leave.bias"][tag] -= by
    return {name: jnp.asarray(each) for name, each in weights.items()}


def exported(weights: Weights, lean: Mapping[int, float]) -> bytes:
    """The network as ONNX, large tables in half precision; `lean` is added to the logits of single tags."""
    held: list[Any] = []
    nodes: list[Any] = []

    def hold(name: str, value: Any) -> str:
        held.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def node(kind: str, inputs: list[str], output: str, **settings: Any) -> str:
        nodes.append(make.make_node(kind, inputs, [output], **settings))
        return output

    bias = np.asarray(weights["leave.bias"], dtype=np.float32).copy()
    for tag, by in lean.items():
        bias[tag] += by
    tables = {name: np.asarray(weights[name]).astype(HALF) for name in ("characters", "pairs")}
    for each in tables.values():
        each[0] = 0
    for name, table in tables.items():
        node("Gather", [hold(f"{name}.table", table), name], f"{name}.half")
        node("Cast", [f"{name}.half"], f"{name}.seen", to=TensorProto.FLOAT)
    hold("one", np.array([2], dtype=np.int64))
    node("Cast", ["characters"], "float", to=TensorProto.FLOAT)
    node("Sign", ["float"], "sign")
    node("Unsqueeze", ["sign", hold("second", np.array([1], dtype=np.int64))], "there")
    hold("before", np.array([0, 1, 0, 0, 0, 0], dtype=np.int64))
    hold("from", np.array([0], dtype=np.int64))
    hold("until", np.array([-1], dtype=np.int64))
    node("Pad", ["pairs.seen", "before"], "padded")
    node("Slice", ["padded", "from", "until", "second"], "ended")
    node("Concat", ["characters.seen", "pairs.seen", "ended"], "seen", axis=2)
    node("Transpose", ["seen"], "across", perm=[0, 2, 1])
    entry = np.asarray(weights["enter"], dtype=np.float32).T[:, :, None]
    node("Conv", ["across", hold("enter", entry), hold("enter.bias", np.asarray(weights["enter.bias"]))], "entered")
    node("Relu", ["entered"], "alive")
    state = node("Mul", ["alive", "there"], "state")
    for at, distance in enumerate(DISTANCES):
        kernel = np.asarray(weights[f"turn{at}"], dtype=np.float32).transpose(2, 1, 0)
        inputs = [state, hold(f"turn{at}", kernel), hold(f"turn{at}.bias", np.asarray(weights[f"turn{at}.bias"]))]
        node("Conv", inputs, f"turned{at}", dilations=[distance], pads=[distance, distance])
        node("Relu", [f"turned{at}"], f"relu{at}")
        node("Add", [state, f"relu{at}"], f"sum{at}")
        state = node("Mul", [f"sum{at}", "there"], f"state{at}")
    leave = np.asarray(weights["leave"], dtype=np.float32).T[:, :, None]
    node("Conv", [state, hold("leave", leave), hold("leave.bias", bias)], "left")
    node("Transpose", ["left"], "logits", perm=[0, 2, 1])
    inputs = [make.make_tensor_value_info(name, TensorProto.INT32, ["texts", "length"]) for name in tables]
    output = make.make_tensor_value_info("logits", TensorProto.FLOAT, ["texts", "length", TAGS])
    held = [each for each in held if each.name != "one"]
    graph = make.make_graph(nodes, "sluicegate-tagger", inputs, [output], held)
    model = make.make_model(graph, opset_imports=[make.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    data: bytes = model.SerializeToString()
    return data
