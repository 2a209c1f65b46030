// SPDX-License-Identifier: Apache-2.0
// Types that several files of the design share.
package pulse_types;
  typedef enum logic [1:0] {WAITING, COUNTING, PULSING} state_t;
  typedef struct packed {logic [7:0] period; logic [7:0] width;} setting_t;
endpackage
