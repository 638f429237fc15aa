// Releasing and taking the GIL, in a process that may end in the middle of native work.
//
// Once the interpreter ends, a daemon thread that asks for the GIL never gets it. Up to Python 3.13 such a thread is
// ended by pthread_exit, which on Linux unwinds its stack; nanobind's frames may not throw, so that would abort the
// process. From 3.14 on the thread hangs. Here it sleeps until the process is gone, whatever the version.
//
// So that such a thread blocks no others, it must hold no lock while it asks for the GIL, and a run must not ask for it
// in its middle: only Python's main thread, which is never a daemon, looks for signals there.
#pragma once

#include <Python.h>

#include <atomic>
#include <chrono>
#include <thread>

namespace imagegs {

// A guard that is made before a request for the GIL. A stack that unwinds through it goes no further: the thread
// sleeps.
class SleepsWhenUnwound {
public:
    void dismiss() { dismissed_ = true; }
    ~SleepsWhenUnwound() {
        while (!dismissed_) std::this_thread::sleep_for(std::chrono::hours(1));
    }

private:
    bool dismissed_ = false;
};

// Releases the GIL from its construction to its destruction.
class GilReleased {
public:
    GilReleased() : state_(PyEval_SaveThread()) {}
    ~GilReleased() noexcept(false) {
        SleepsWhenUnwound guard;
        PyEval_RestoreThread(state_);
        guard.dismiss();
    }
    GilReleased(const GilReleased &) = delete;
    GilReleased &operator=(const GilReleased &) = delete;

private:
    PyThreadState *state_;
};

// Holds the GIL from its construction to its destruction, on a thread that has released it.
class GilHeld {
public:
    GilHeld() {
        SleepsWhenUnwound guard;
        state_ = PyGILState_Ensure();
        guard.dismiss();
    }
    ~GilHeld() { PyGILState_Release(state_); }
    GilHeld(const GilHeld &) = delete;
    GilHeld &operator=(const GilHeld &) = delete;

private:
    PyGILState_STATE state_;
};

// Python's main thread, the only one that handles signals. After a fork it is the thread that called fork().
class MainThread {
public:
    static void set(unsigned long id) { id_ = id; }
    static void set_to_this() { set(PyThread_get_thread_ident()); }
    static bool is_this() { return PyThread_get_thread_ident() == id_; }

private:
    inline static std::atomic<unsigned long> id_{0};
};

} // namespace imagegs
