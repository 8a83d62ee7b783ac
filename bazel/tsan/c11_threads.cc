// C11 threads over pthreads, for ThreadSanitizer.
//
// librdkafka uses <threads.h>, which the sanitizer does not know: a thread that thrd_create starts
// crashes in it. glibc's own functions do the same as these, past the sanitizer's eyes; the types
// are the same underneath. Linked by @debian//:rdkafka, only with --config=tsan.
#include <pthread.h>
#include <threads.h>

#include <cerrno>
#include <cstdint>

static_assert(sizeof(mtx_t) == sizeof(pthread_mutex_t), "mtx_t is a pthread_mutex_t");
static_assert(sizeof(cnd_t) == sizeof(pthread_cond_t), "cnd_t is a pthread_cond_t");

namespace {

struct Start {
  thrd_start_t function;
  void* argument;
};

void* Run(void* raw) {
  const Start start = *static_cast<Start*>(raw);
  delete static_cast<Start*>(raw);
  return reinterpret_cast<void*>(static_cast<intptr_t>(start.function(start.argument)));
}

int Result(int error) {
  switch (error) {
    case 0:
      return thrd_success;
    case ENOMEM:
      return thrd_nomem;
    case ETIMEDOUT:
      return thrd_timedout;
    case EBUSY:
      return thrd_busy;
    default:
      return thrd_error;
  }
}

pthread_mutex_t* Pthread(mtx_t* mutex) { return reinterpret_cast<pthread_mutex_t*>(mutex); }
pthread_cond_t* Pthread(cnd_t* condition) { return reinterpret_cast<pthread_cond_t*>(condition); }

}  // namespace

extern "C" {

int thrd_create(thrd_t* thread, thrd_start_t function, void* argument) {
  auto* start = new Start{function, argument};
  const int error = pthread_create(thread, nullptr, Run, start);
  if (error != 0) delete start;
  return Result(error);
}
int thrd_join(thrd_t thread, int* result) {
  void* raw = nullptr;
  const int error = pthread_join(thread, &raw);
  if (result != nullptr) *result = static_cast<int>(reinterpret_cast<intptr_t>(raw));
  return Result(error);
}
int thrd_detach(thrd_t thread) { return Result(pthread_detach(thread)); }
void thrd_exit(int result) { pthread_exit(reinterpret_cast<void*>(static_cast<intptr_t>(result))); }

int mtx_init(mtx_t* mutex, int type) noexcept {
  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  if ((type & mtx_recursive) != 0) {
    pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
  }
  const int error = pthread_mutex_init(Pthread(mutex), &attributes);
  pthread_mutexattr_destroy(&attributes);
  return Result(error);
}
int mtx_lock(mtx_t* mutex) { return Result(pthread_mutex_lock(Pthread(mutex))); }
int mtx_trylock(mtx_t* mutex) { return Result(pthread_mutex_trylock(Pthread(mutex))); }
int mtx_timedlock(mtx_t* mutex, const timespec* until) {
  return Result(pthread_mutex_timedlock(Pthread(mutex), until));
}
int mtx_unlock(mtx_t* mutex) noexcept { return Result(pthread_mutex_unlock(Pthread(mutex))); }
void mtx_destroy(mtx_t* mutex) noexcept { pthread_mutex_destroy(Pthread(mutex)); }

int cnd_init(cnd_t* condition) noexcept {
  return Result(pthread_cond_init(Pthread(condition), nullptr));
}
int cnd_signal(cnd_t* condition) noexcept {
  return Result(pthread_cond_signal(Pthread(condition)));
}
int cnd_broadcast(cnd_t* condition) noexcept {
  return Result(pthread_cond_broadcast(Pthread(condition)));
}
int cnd_wait(cnd_t* condition, mtx_t* mutex) {
  return Result(pthread_cond_wait(Pthread(condition), Pthread(mutex)));
}
int cnd_timedwait(cnd_t* condition, mtx_t* mutex, const timespec* until) {
  return Result(pthread_cond_timedwait(Pthread(condition), Pthread(mutex), until));
}
void cnd_destroy(cnd_t* condition) noexcept { pthread_cond_destroy(Pthread(condition)); }

}  // extern "C"
