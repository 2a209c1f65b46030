// Included by several modules.
`define COUNT_WIDTH 8
