"""Writes src/seedstock/neighbours/product.onnx: one matrix product of 8-bit integers, summed in 32 bits.

python tools/build_product_graph.py [OUT]
"""

from __future__ import annotations

import sys
from pathlib import Path

from onnx import TensorProto, helper

OUT = Path(__file__).parents[1] / "src/seedstock/neighbours/product.onnx"


def graph() -> bytes:
    """`queries` (m, k) of uint8 times `rows` (k, n) of int8."""
    product = helper.make_node("MatMulInteger", ["queries", "rows"], ["products"])
    inputs = [
        helper.make_tensor_value_info("queries", TensorProto.UINT8, ["m", "k"]),
        helper.make_tensor_value_info("rows", TensorProto.INT8, ["k", "n"]),
    ]
    outputs = [helper.make_tensor_value_info("products", TensorProto.INT32, ["m", "n"])]
    made = helper.make_graph([product], "product", inputs, outputs)
    opset = helper.make_opsetid("", 13)
    model = helper.make_model(made, opset_imports=[opset], ir_version=8, producer_name="seedstock")
    return bytes(model.SerializeToString(deterministic=True))


if __name__ == "__main__":
    (Path(sys.argv[1]) if len(sys.argv) > 1 else OUT).write_bytes(graph())
