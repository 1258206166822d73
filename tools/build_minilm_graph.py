"""Writes src/seedstock/embedders/minilm.onnx: BERT with 6 layers, mean pooling and normalisation, no weights.

    python tools/build_minilm_graph.py [OUT]

Weights stay in the official model.safetensors; the graph names them, with their places in that file.
Standard operators only (opset 20): the fused ones of onnxruntime were measured and were not faster.
Inputs: `ids` (texts, tokens) int32, all texts of equal length, and the word table, which onnxruntime
would copy if it were a weight. Output: `vectors` (texts, 384), rows of length 1.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from seedstock.embedders.minilm import DIM, GRAPH, WORD_TABLE
from seedstock.embedders.safetensors import Tensor, layout
from seedstock.embedders.weights import MODEL, find

LAYERS, HEADS = 6, 12
EPSILON = 1e-12
OUT = Path(__file__).parents[1] / "src/seedstock/embedders" / GRAPH


class Graph:
    """Nodes and initializers in the order in which they are added. Every value is named by a short number."""

    def __init__(self, places: dict[str, Tensor]) -> None:
        self.places = places
        self.nodes: list[onnx.NodeProto] = []
        self.weights: dict[str, onnx.TensorProto] = {}

    def add(self, op: str, *inputs: str, outputs: int = 1, name: str = "", **attributes: object) -> list[str]:
        """A node; returns the names of its outputs."""
        names = [name] if name else [f"{len(self.nodes)}.{i}" for i in range(outputs)]
        self.nodes.append(helper.make_node(op, inputs, names, **attributes))
        return names

    def one(self, op: str, *inputs: str, **attributes: object) -> str:
        """A node with one output; returns its name."""
        return self.add(op, *inputs, **attributes)[0]

    def constant(self, name: str, value: object, dtype: type = np.int64) -> str:
        """A small constant inside the graph."""
        self.weights[name] = numpy_helper.from_array(np.array(value, dtype), name)
        return name

    def weight(self, name: str) -> str:
        """A tensor of the safetensors file, by reference."""
        place = self.places[name]
        tensor = TensorProto(name=name, data_type=TensorProto.FLOAT, dims=place.shape)
        tensor.data_location = TensorProto.EXTERNAL
        for key, value in (("location", MODEL), ("offset", place.offset), ("length", place.length)):
            tensor.external_data.add(key=key, value=str(value))
        self.weights[name] = tensor
        return name

    def linear(self, x: str, name: str) -> str:
        """x · Wᵀ + b, with x of shape (texts · tokens, width)."""
        return self.one("Gemm", x, self.weight(f"{name}.weight"), self.weight(f"{name}.bias"), transB=1)

    def normed_sum(self, x: str, y: str, name: str) -> str:
        """Layer norm of x + y."""
        scale, shift = self.weight(f"{name}.weight"), self.weight(f"{name}.bias")
        return self.one("LayerNormalization", self.one("Add", x, y), scale, shift, axis=-1, epsilon=EPSILON)


def embeddings(g: Graph) -> str:
    """Words + positions + token type 0, normalised: (texts, tokens, 384)."""
    zero, one = g.constant("0", [0]), g.constant("1", [1])
    tokens = g.one("Shape", "ids", start=1, end=2)
    positions = g.one("Slice", g.weight("embeddings.position_embeddings.weight"), zero, tokens, zero)
    kind = g.one("Slice", g.weight("embeddings.token_type_embeddings.weight"), zero, one, zero)
    words = g.one("Gather", WORD_TABLE, "ids")
    return g.normed_sum(words, g.one("Add", positions, kind), "embeddings.LayerNorm")


def attention(g: Graph, x: str, by_head: str, flat: str, layer: str) -> str:
    """Every token looks at every token of its text; no mask, because there is no padding."""

    def heads(part: str, order: tuple[int, ...]) -> str:
        split = g.one("Reshape", g.linear(x, f"{layer}.attention.self.{part}"), by_head)
        return g.one("Transpose", split, perm=order)

    query, key = heads("query", (0, 2, 1, 3)), heads("key", (0, 2, 3, 1))
    value = heads("value", (0, 2, 1, 3))
    scores = g.one("Mul", g.one("MatMul", query, key), "scale")
    mixed = g.one("MatMul", g.one("Softmax", scores, axis=-1), value)
    return g.one("Reshape", g.one("Transpose", mixed, perm=(0, 2, 1, 3)), flat)


def transformer(g: Graph, x: str, by_head: str, flat: str) -> str:
    """The six layers: (texts · tokens, 384) in and out."""
    for index in range(LAYERS):
        layer = f"encoder.layer.{index}"
        seen = g.linear(attention(g, x, by_head, flat, layer), f"{layer}.attention.output.dense")
        x = g.normed_sum(seen, x, f"{layer}.attention.output.LayerNorm")
        wide = g.one("Gelu", g.linear(x, f"{layer}.intermediate.dense"))
        x = g.normed_sum(g.linear(wide, f"{layer}.output.dense"), x, f"{layer}.output.LayerNorm")
    return x


def build(places: dict[str, Tensor]) -> bytes:
    """The graph, the same bytes each time, for weights that lie at `places`."""
    g = Graph(places)
    flat = g.constant("flat", [-1, DIM])
    g.constant("scale", (DIM // HEADS) ** -0.5, np.float32)
    shape = g.one("Shape", "ids")
    by_head = g.one("Concat", shape, g.constant("heads", [HEADS, DIM // HEADS]), axis=0)
    x = transformer(g, g.one("Reshape", embeddings(g), flat), by_head, flat)
    by_text = g.one("Reshape", x, g.one("Concat", shape, g.constant("dim", [DIM]), axis=0))
    mean = g.one("ReduceMean", by_text, "1", keepdims=0)
    g.add("LpNormalization", mean, name="vectors", axis=-1, p=2)
    return model(g).SerializeToString(deterministic=True)


def model(g: Graph) -> onnx.ModelProto:
    """The graph with its inputs, output and versions; onnxruntime 1.20 reads it."""
    inputs = [
        helper.make_tensor_value_info("ids", TensorProto.INT32, ["texts", "tokens"]),
        helper.make_tensor_value_info(WORD_TABLE, TensorProto.FLOAT, ["words", DIM]),
    ]
    outputs = [helper.make_tensor_value_info("vectors", TensorProto.FLOAT, ["texts", DIM])]
    graph = helper.make_graph(g.nodes, "minilm", inputs, outputs, list(g.weights.values()))
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)


def main() -> None:
    """Write the graph and say how large it is."""
    out = Path(sys.argv[1]) if len(sys.argv) > 1 else OUT
    out.write_bytes(build(layout(find().model)))
    print(f"{out}: {out.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
