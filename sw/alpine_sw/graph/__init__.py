# SPDX-License-Identifier: Apache-2.0
"""Networks as graphs: typed tensors, operators between them, and the golden model of both."""

from .conversions import Dequantise, Quantise, Requantise, Rescale, Softmax
from .elementwise import (
    Add,
    Clip,
    Constant,
    Divide,
    LeakyRelu,
    Multiply,
    Relu,
    Sigmoid,
    SquareRoot,
    Subtract,
    Tanh,
)
from .graph import Graph, GraphBuilder, Node
from .interpreter import Interpreter, golden
from .lstm import Gate, LstmCell, LstmState
from .matrices import Convolution, Dense
from .normalisation import BatchNormalisation, LocalResponseNormalisation
from .operator import MatrixOperator, Operator, RecurrentOperator
from .pooling import AveragePool, GlobalAveragePool, MaxPool
from .products import MatrixProduct, matrix_products
from .sequences import GruLayer, LstmLayer
from .shaping import Concatenate, Pad, Reshape, Select, Slice, Transpose
from .table import graph_table
from .tensors import ElementType, TensorType, float32, int8, int32
from .windows import SlidingWindow, square

__all__ = [
    "Add",
    "AveragePool",
    "BatchNormalisation",
    "Clip",
    "Concatenate",
    "Constant",
    "Convolution",
    "Dense",
    "Dequantise",
    "Divide",
    "ElementType",
    "Gate",
    "GlobalAveragePool",
    "Graph",
    "GraphBuilder",
    "GruLayer",
    "Interpreter",
    "LeakyRelu",
    "LocalResponseNormalisation",
    "LstmCell",
    "LstmLayer",
    "LstmState",
    "MatrixOperator",
    "MatrixProduct",
    "MaxPool",
    "Multiply",
    "Node",
    "Operator",
    "Pad",
    "Quantise",
    "RecurrentOperator",
    "Relu",
    "Requantise",
    "Rescale",
    "Reshape",
    "Select",
    "Sigmoid",
    "Slice",
    "SlidingWindow",
    "Softmax",
    "SquareRoot",
    "Subtract",
    "Tanh",
    "TensorType",
    "Transpose",
    "float32",
    "golden",
    "graph_table",
    "int8",
    "int32",
    "matrix_products",
    "square",
]
