#include "services/platform/runtime/termination.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <thread>

#include "absl/time/clock.h"

namespace windrow::runtime {
namespace {

// Runs `body` in a child process, because signals and their masks belong to the whole process;
// returns what waitpid says.
int StatusOfChild(const std::function<int()>& body) {
  const pid_t child = fork();
  if (child == 0) {
    alarm(20);  // Nothing here may wait for ever.
    _exit(body());
  }
  int status = 0;
  waitpid(child, &status, 0);
  return status;
}

int ExitCodeOfChild(const std::function<int()>& body) {
  const int status = StatusOfChild(body);
  EXPECT_TRUE(WIFEXITED(status)) << "ended by signal " << WTERMSIG(status);
  return WEXITSTATUS(status);
}

TEST(TerminationTest, TimesOutWithoutASignal) {
  EXPECT_EQ(ExitCodeOfChild([] {
              BlockTerminationSignals();
              const absl::Time start = absl::Now();
              const bool came = WaitForTermination(absl::Milliseconds(50));
              return !came && absl::Now() - start >= absl::Milliseconds(45) ? 7 : 1;
            }),
            7);
}

TEST(TerminationTest, SeesSignalsSentToTheProcess) {
  for (const int signal : {SIGTERM, SIGINT}) {
    EXPECT_EQ(ExitCodeOfChild([signal] {
                BlockTerminationSignals();
                // A thread started after the blocking must not be ended by the signal.
                std::thread sender([signal] { kill(getpid(), signal); });
                const bool came = WaitForTermination(absl::InfiniteDuration());
                sender.join();
                return came ? 7 : 1;
              }),
              7);
  }
}

TEST(TerminationTest, RemembersTheSignal) {
  EXPECT_EQ(ExitCodeOfChild([] {
              BlockTerminationSignals();
              raise(SIGTERM);
              const bool first = WaitForTermination(absl::ZeroDuration());
              const bool again = WaitForTermination(absl::ZeroDuration());
              return first && again ? 7 : 1;
            }),
            7);
}

TEST(TerminationTest, ExitsAtOnceOnASecondSignal) {
  EXPECT_EQ(ExitCodeOfChild([] {
              BlockTerminationSignals();
              raise(SIGTERM);
              if (!WaitForTermination(absl::Seconds(10))) return 1;
              raise(SIGINT);
              return 2;
            }),
            130);
}

TEST(TerminationTest, IgnoresBrokenPipes) {
  EXPECT_EQ(ExitCodeOfChild([] {
              BlockTerminationSignals();
              raise(SIGPIPE);
              return 7;
            }),
            7);
}

}  // namespace
}  // namespace windrow::runtime
