"""The network of the tagger, for training (jax) and for export (onnx), both in this file so that they stay the same.

Characters (64 numbers each) and frequent pairs (32 each, the one begun and the one ended) → 128 → five residual
convolutions over three characters, 1, 2, 4, 8 and 1 apart → nine tags. What stands beside a text is zero before every
convolution, so a text gives the same tags alone or with others. For training, texts stand in rows; the exported network
takes them end to end, with the places of each character's neighbours: one product of matrices a convolution.
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

from policies.text import tagger

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
        weights[name] = held[name]
        weights[f"{name}.bias"] = held[f"{name}.bias"].copy()
    for at in range(len(DISTANCES)):
        weights[f"turn{at}"] = held[f"turn{at}"].reshape(3, WIDE, WIDE)
        weights[f"turn{at}.bias"] = held[f"turn{at}.bias"]
    for tag, by in lean.items():
        weights["leave.bias"][tag] -= by
    return {name: jnp.asarray(each) for name, each in weights.items()}


class _Graph:
    """Nodes and constants of an ONNX graph while it is being written; names of nodes are those of what they give."""

    def __init__(self) -> None:
        self.held: dict[str, Any] = {}
        self.nodes: list[Any] = []

    def hold(self, name: str, value: Any, kind: Any = np.float32) -> str:
        self.held[name] = numpy_helper.from_array(np.asarray(value, dtype=kind), name)
        return name

    def node(self, kind: str, inputs: list[str], output: str, **settings: Any) -> str:
        self.nodes.append(make.make_node(kind, inputs, [output], **settings))
        return output

    def dense(self, name: str, rows: str, weights: Any, bias: Any) -> str:
        """Rows times a matrix, and a bias."""
        inputs = [rows, self.hold(name, weights), self.hold(f"{name}.bias", bias)]
        return self.node("Gemm", inputs, f"{name}.out")


def exported(weights: Weights, lean: Mapping[int, float]) -> bytes:
    """The network as ONNX, large tables in half precision; `lean` is added to the logits of single tags.

    Inputs: `characters` and `pairs`, numbers of (characters); `beside`, (distances, characters, 3), the places of the
    three that a convolution looks at, and of a row of zeros behind the last one. Output: `logits`, (characters, TAGS).
    """
    graph = _Graph()
    state = _entered(graph, weights)
    beside = [f"beside{each}" for each in tagger.DISTANCES]
    graph.nodes.append(make.make_node("Split", ["beside"], beside, axis=0))
    graph.hold("behind", [0, 0, 1, 0], np.int64)
    graph.hold("three", [-1, 3 * WIDE], np.int64)
    for at, distance in enumerate(DISTANCES):
        graph.node("Pad", [state, "behind"], f"bounded{at}")
        graph.node("Gather", [f"bounded{at}", f"beside{distance}"], f"gathered{at}")
        graph.node("Reshape", [f"gathered{at}", "three"], f"three{at}")
        kernel = np.asarray(weights[f"turn{at}"]).reshape(3 * WIDE, WIDE)
        turned = graph.dense(f"turn{at}", f"three{at}", kernel, weights[f"turn{at}.bias"])
        state = graph.node("Add", [state, graph.node("Relu", [turned], f"relu{at}")], f"state{at}")
    bias = np.asarray(weights["leave.bias"], dtype=np.float32).copy()
    for tag, by in lean.items():
        bias[tag] += by
    graph.node("Identity", [graph.dense("leave", state, weights["leave"], bias)], "logits")
    inputs = [make.make_tensor_value_info(name, TensorProto.INT32, ["length"]) for name in ("characters", "pairs")]
    inputs.append(make.make_tensor_value_info("beside", TensorProto.INT32, [len(beside), "length", 3]))
    output = make.make_tensor_value_info("logits", TensorProto.FLOAT, ["length", TAGS])
    made = make.make_graph(graph.nodes, "sluicegate-tagger", inputs, [output], list(graph.held.values()))
    model = make.make_model(made, opset_imports=[make.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    data: bytes = model.SerializeToString()
    return data


def _entered(graph: _Graph, weights: Weights) -> str:
    """From numbers to the first state: what a character is, the pair it begins, and the pair it ends."""
    for name in ("characters", "pairs"):
        table = np.asarray(weights[name]).astype(HALF)
        table[0] = 0
        graph.node("Gather", [graph.hold(f"{name}.table", table, HALF), name], f"{name}.seen")
    graph.node("Pad", ["pairs.seen", graph.hold("down", [1, 0, -1, 0], np.int64)], "ended")
    graph.node("Concat", ["characters.seen", "pairs.seen", "ended"], "half", axis=1)
    graph.node("Cast", ["half"], "seen", to=TensorProto.FLOAT)
    return graph.node("Relu", [graph.dense("enter", "seen", weights["enter"], weights["enter.bias"])], "state")
