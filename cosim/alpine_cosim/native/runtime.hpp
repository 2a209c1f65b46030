// SPDX-License-Identifier: Apache-2.0
// What Verilator's runtime calls when a design prints, stops, finishes or fails: it tells the model
// that is at work in this thread, and never ends the process.
//
// Verilator's own functions are left out of the runtime (VL_USER_STOP and its like), and its
// messages come here (VL_PRINTF).

#pragma once

#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <string>

#include "verilated.h"

namespace alpine {

// A design that cannot go on: it does not settle, or Verilator's runtime gives up.
struct Broken {};

// What a design said and did since it was last asked.
struct Events {
    bool finished = false;  // $finish, or $fatal
    bool stopped = false;   // $stop, $error, $fatal, a failed assertion
    bool printed = false;
    std::string reason;     // of the stop: file, line and text, each on a line
    std::string message;    // last error that was printed
    std::string warnings;   // lines

    void stop(const char* file, int line, const char* what) {
        if (stopped) return;
        stopped = true;
        const std::string text = message.empty() ? what : message;
        reason = std::string(file ? file : "") + "\n" + std::to_string(line) + "\n" + text;
    }
    void print(const char* text) {
        printed = true;
        std::fputs(text, stdout);
        for (const char* mark : {"%Error: ", "%Fatal: "}) {
            if (const char* found = std::strstr(text, mark)) {
                message.assign(found + std::strlen(mark));
                if (mark[1] == 'F') finished = true;
                while (!message.empty() && message.back() == '\n') message.pop_back();
            }
        }
    }
};

inline thread_local Events* current_events = nullptr;

}  // namespace alpine

void vl_finish(const char*, int, const char*) {
    Verilated::threadContextp()->gotFinish(true);
    alpine::current_events->finished = true;
}

void vl_stop(const char* file, int line, const char*) {
    alpine::current_events->stop(file, line, "$stop");
}

void vl_fatal(const char* file, int line, const char*, const char* what) {
    alpine::current_events->stop(file, line, what);
    throw alpine::Broken{};
}

void vl_warn(const char* file, int line, const char*, const char* what) {
    std::string& warnings = alpine::current_events->warnings;
    if (file && *file) warnings += file + (line ? ":" + std::to_string(line) : std::string()) + ": ";
    warnings += std::string(what) + "\n";
}

extern "C" int alpine_print(const char* format, ...) {
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    std::string text(size_t(std::vsnprintf(nullptr, 0, format, arguments)) + 1, '\0');
    std::vsnprintf(text.data(), text.size(), format, again);
    va_end(again);
    va_end(arguments);
    alpine::current_events->print(text.c_str());
    return int(text.size()) - 1;
}

// A coroutine turns every exception into an abort, so that a failure inside one comes here: it goes
// back to where Python called, if that is what happens.
#ifdef ALPINE_TIMING
#include <csetjmp>
namespace alpine {
inline thread_local std::jmp_buf* current_return = nullptr;
}
extern "C" void __real_abort();
extern "C" void __wrap_abort() {
    if (alpine::current_return) std::longjmp(*alpine::current_return, 1);
    __real_abort();
}
#endif
