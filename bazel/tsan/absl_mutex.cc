// Shows ThreadSanitizer the order that absl::Mutex and its kin make between threads.
//
// Debian's Abseil is not built for the sanitizer and does not lock through pthreads, so the
// sanitizer would call everything that a Mutex guards a race. The functions here take the place of
// the library's (a binary's symbols go before those of shared libraries), tell the sanitizer, and
// call the original. Linked by @debian//:absl, only with --config=tsan.
#include <dlfcn.h>

#include <cstdio>
#include <cstdlib>
#include <optional>

#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"

extern "C" {
void __tsan_acquire(void* address);
void __tsan_release(void* address);
void AnnotateIgnoreReadsBegin(const char* file, int line);
void AnnotateIgnoreReadsEnd(const char* file, int line);
}

namespace {

// The library's own function, by its mangled name; a member function takes `this` first.
template <typename Function>
Function* Original(const char* name) {
  void* address = dlsym(RTLD_NEXT, name);
  if (address == nullptr) {
    std::fprintf(stderr, "bazel/tsan: this Abseil has no %s\n", name);
    std::abort();
  }
  return reinterpret_cast<Function*>(address);
}

#define ORIGINAL(type, name)               \
  ([] {                                    \
    static auto* f = Original<type>(name); \
    return f;                              \
  }())
#define MUTEX(suffix) "_ZN4absl7debian35Mutex" suffix
#define CONDVAR(suffix) "_ZN4absl7debian37CondVar" suffix
#define NOTIFICATION(suffix) "_ZN4absl7debian312Notification" suffix

// The library evaluates Conditions, also other waiters' when it unlocks, inside of its functions:
// under the lock, but where the sanitizer believes that it is not held.
class IgnoreReads {
 public:
  IgnoreReads() { AnnotateIgnoreReadsBegin(__FILE__, __LINE__); }
  ~IgnoreReads() { AnnotateIgnoreReadsEnd(__FILE__, __LINE__); }
  IgnoreReads(const IgnoreReads&) = delete;
  IgnoreReads& operator=(const IgnoreReads&) = delete;
};

// Around a wait, which gives the lock up and takes it again.
class Wait {
 public:
  Wait(void* mutex, bool held) : mutex_(mutex) {
    if (held) __tsan_release(mutex_);
    ignore_.emplace();
  }
  ~Wait() {
    ignore_.reset();
    __tsan_acquire(mutex_);
  }
  Wait(const Wait&) = delete;
  Wait& operator=(const Wait&) = delete;

 private:
  void* const mutex_;
  std::optional<IgnoreReads> ignore_;
};

}  // namespace

namespace absl {
ABSL_NAMESPACE_BEGIN

void Mutex::Lock() {
  ORIGINAL(void(Mutex*), MUTEX("4LockEv"))(this);
  __tsan_acquire(this);
}
void Mutex::Unlock() {
  __tsan_release(this);
  IgnoreReads ignore;
  ORIGINAL(void(Mutex*), MUTEX("6UnlockEv"))(this);
}
bool Mutex::TryLock() {
  const bool locked = ORIGINAL(bool(Mutex*), MUTEX("7TryLockEv"))(this);
  if (locked) __tsan_acquire(this);
  return locked;
}
void Mutex::ReaderLock() {
  ORIGINAL(void(Mutex*), MUTEX("10ReaderLockEv"))(this);
  __tsan_acquire(this);
}
void Mutex::ReaderUnlock() {
  __tsan_release(this);
  IgnoreReads ignore;
  ORIGINAL(void(Mutex*), MUTEX("12ReaderUnlockEv"))(this);
}
bool Mutex::ReaderTryLock() {
  const bool locked = ORIGINAL(bool(Mutex*), MUTEX("13ReaderTryLockEv"))(this);
  if (locked) __tsan_acquire(this);
  return locked;
}
void Mutex::Await(const Condition& condition) {
  Wait wait(this, true);
  ORIGINAL(void(Mutex*, const Condition&), MUTEX("5AwaitERKNS0_9ConditionE"))(this, condition);
}
bool Mutex::AwaitWithTimeout(const Condition& condition, Duration timeout) {
  Wait wait(this, true);
  return ORIGINAL(bool(Mutex*, const Condition&, Duration),
                  MUTEX("16AwaitWithTimeoutERKNS0_9ConditionENS0_8DurationE"))(this, condition,
                                                                               timeout);
}
bool Mutex::AwaitWithDeadline(const Condition& condition, Time deadline) {
  Wait wait(this, true);
  return ORIGINAL(bool(Mutex*, const Condition&, Time),
                  MUTEX("17AwaitWithDeadlineERKNS0_9ConditionENS0_4TimeE"))(this, condition,
                                                                            deadline);
}
void Mutex::LockWhen(const Condition& condition) {
  Wait wait(this, false);
  ORIGINAL(void(Mutex*, const Condition&), MUTEX("8LockWhenERKNS0_9ConditionE"))(this, condition);
}
bool Mutex::LockWhenWithTimeout(const Condition& condition, Duration timeout) {
  Wait wait(this, false);
  return ORIGINAL(bool(Mutex*, const Condition&, Duration),
                  MUTEX("19LockWhenWithTimeoutERKNS0_9ConditionENS0_8DurationE"))(this, condition,
                                                                                  timeout);
}
bool Mutex::LockWhenWithDeadline(const Condition& condition, Time deadline) {
  Wait wait(this, false);
  return ORIGINAL(bool(Mutex*, const Condition&, Time),
                  MUTEX("20LockWhenWithDeadlineERKNS0_9ConditionENS0_4TimeE"))(this, condition,
                                                                               deadline);
}

void CondVar::Wait(Mutex* mutex) {
  ::Wait wait(mutex, true);
  ORIGINAL(void(CondVar*, Mutex*), CONDVAR("4WaitEPNS0_5MutexE"))(this, mutex);
}
bool CondVar::WaitWithTimeout(Mutex* mutex, Duration timeout) {
  ::Wait wait(mutex, true);
  return ORIGINAL(bool(CondVar*, Mutex*, Duration),
                  CONDVAR("15WaitWithTimeoutEPNS0_5MutexENS0_8DurationE"))(this, mutex, timeout);
}
bool CondVar::WaitWithDeadline(Mutex* mutex, Time deadline) {
  ::Wait wait(mutex, true);
  return ORIGINAL(bool(CondVar*, Mutex*, Time),
                  CONDVAR("16WaitWithDeadlineEPNS0_5MutexENS0_4TimeE"))(this, mutex, deadline);
}

void Notification::Notify() {
  __tsan_release(this);
  ORIGINAL(void(Notification*), NOTIFICATION("6NotifyEv"))(this);
}
void Notification::WaitForNotification() const {
  ORIGINAL(void(const Notification*), "_ZNK4absl7debian312Notification19WaitForNotificationEv")
  (this);
  __tsan_acquire(const_cast<Notification*>(this));
}
bool Notification::WaitForNotificationWithTimeout(Duration timeout) const {
  const bool notified =
      ORIGINAL(bool(const Notification*, Duration),
               "_ZNK4absl7debian312Notification30WaitForNotificationWithTimeoutENS0_8DurationE")(
          this, timeout);
  if (notified) __tsan_acquire(const_cast<Notification*>(this));
  return notified;
}
bool Notification::WaitForNotificationWithDeadline(Time deadline) const {
  const bool notified =
      ORIGINAL(bool(const Notification*, Time),
               "_ZNK4absl7debian312Notification31WaitForNotificationWithDeadlineENS0_4TimeE")(
          this, deadline);
  if (notified) __tsan_acquire(const_cast<Notification*>(this));
  return notified;
}

ABSL_NAMESPACE_END
}  // namespace absl
