// SPDX-License-Identifier: Apache-2.0
// A FIFO between two clocks: addresses cross in Gray code, through two registers.
module two_clock_fifo #(
  parameter WIDTH = 8,
  parameter ADDRESS = 3
) (
  input                  write_clk,
  input                  read_clk,
  input                  rst,
  input                  push,
  input      [WIDTH-1:0] data,
  output                 full,
  input                  pop,
  output     [WIDTH-1:0] front,
  output                 empty
);
  reg [WIDTH-1:0] memory [0:(1 << ADDRESS)-1];
  reg [ADDRESS:0] written, read, written_gray, read_gray;
  reg [ADDRESS:0] written_seen [0:1];
  reg [ADDRESS:0] read_seen [0:1];

  wire do_push = push && !full;
  wire do_pop = pop && !empty;
  wire [ADDRESS:0] next_written = written + {{ADDRESS{1'b0}}, do_push};
  wire [ADDRESS:0] next_read = read + {{ADDRESS{1'b0}}, do_pop};

  // Full when the addresses differ in the two highest bits of their Gray codes alone.
  assign full = written_gray == {~read_seen[1][ADDRESS:ADDRESS-1], read_seen[1][ADDRESS-2:0]};
  assign empty = read_gray == written_seen[1];
  assign front = memory[read[ADDRESS-1:0]];

  always @(posedge write_clk)
    if (rst) begin
      written <= 0; written_gray <= 0; read_seen[0] <= 0; read_seen[1] <= 0;
    end else begin
      if (do_push) memory[written[ADDRESS-1:0]] <= data;
      written <= next_written;
      written_gray <= next_written ^ (next_written >> 1);
      read_seen[0] <= read_gray;
      read_seen[1] <= read_seen[0];
    end

  always @(posedge read_clk)
    if (rst) begin
      read <= 0; read_gray <= 0; written_seen[0] <= 0; written_seen[1] <= 0;
    end else begin
      read <= next_read;
      read_gray <= next_read ^ (next_read >> 1);
      written_seen[0] <= written_gray;
      written_seen[1] <= written_seen[0];
    end
endmodule
