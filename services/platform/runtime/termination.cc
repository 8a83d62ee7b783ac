#include "services/platform/runtime/termination.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>

namespace windrow::runtime {
namespace {

constexpr int kExitCodeOfImpatience = 130;

std::atomic<bool> terminating{false};

sigset_t TerminationSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  return signals;
}

void ExitAtOnce(int) { _exit(kExitCodeOfImpatience); }

// From now on a further signal is not waited for but ends the process.
void ExitOnNextSignal() {
  struct sigaction action = {};
  action.sa_handler = ExitAtOnce;
  sigaction(SIGTERM, &action, nullptr);
  sigaction(SIGINT, &action, nullptr);
  const sigset_t signals = TerminationSignals();
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
}

}  // namespace

void BlockTerminationSignals() {
  const sigset_t signals = TerminationSignals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);
}

bool WaitForTermination(absl::Duration timeout) {
  using std::chrono::steady_clock;
  if (terminating.load()) return true;
  // In slices, so that an infinite timeout needs no case of its own.
  constexpr absl::Duration kSlice = absl::Hours(1);
  const bool for_ever = timeout == absl::InfiniteDuration();
  const steady_clock::time_point start = steady_clock::now();
  const sigset_t signals = TerminationSignals();
  while (true) {
    const absl::Duration left = timeout - absl::FromChrono(steady_clock::now() - start);
    const timespec wait = absl::ToTimespec(std::clamp(left, absl::ZeroDuration(), kSlice));
    if (sigtimedwait(&signals, nullptr, &wait) > 0) {
      terminating.store(true);
      ExitOnNextSignal();
      return true;
    }
    if (!for_ever && left <= absl::ZeroDuration()) return false;
  }
}

}  // namespace windrow::runtime
