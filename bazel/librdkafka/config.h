// What librdkafka's ./configure finds out, for Debian 12 on any of its 64-bit machines: the
// features that Debian's own package has. See docs/adr/0025-librdkafka-2-8.md.
#pragma once

// Compression: of the system's libraries where there is one.
#define WITH_ZLIB 1
#define WITH_ZSTD 1
#define WITH_LZ4_EXT 1
#define WITH_SNAPPY 1

// TLS and SASL. No curl, which only OpenID Connect (OAUTHBEARER without our own code) would need.
#define WITH_SSL 1
#define WITH_SASL_CYRUS 1
#define WITH_SASL_SCRAM 1
#define WITH_SASL_OAUTHBEARER 1

#define WITH_PLUGINS 1
#define WITH_HDRHISTOGRAM 1
#define WITH_SYSLOG 1

// The compiler and the C library. Not WITH_C11THREADS: ThreadSanitizer understands pthreads alone.
#define WITH_LIBDL 1
#define SOLIB_EXT ".so"
#define HAVE_REGEX 1
#define HAVE_RAND_R 1
#define HAVE_STRNDUP 1
#define HAVE_STRERROR_R 1
#define HAVE_STRCASESTR 1
#define HAVE_PTHREAD_SETNAME_GNU 1
#define HAVE_GETRUSAGE 1
#define HAVE_ATOMICS_32 1
#define HAVE_ATOMICS_32_ATOMIC 1
#define HAVE_ATOMICS_64 1
#define HAVE_ATOMICS_64_ATOMIC 1
#define ATOMIC_OP32(A, B, POINTER, VALUE) __atomic_##A##_##B(POINTER, VALUE, __ATOMIC_SEQ_CST)
#define ATOMIC_OP64(A, B, POINTER, VALUE) __atomic_##A##_##B(POINTER, VALUE, __ATOMIC_SEQ_CST)
#define ATOMIC_OP(A, B, POINTER, VALUE) __atomic_##A##_##B(POINTER, VALUE, __ATOMIC_SEQ_CST)
#ifdef __x86_64__
#define WITH_CRC32C_HW 1  // Asks the processor whether it has it.
#endif

// No checks for its own developers.
#define ENABLE_DEVEL 0

// For a line of its debug log.
#define BUILT_WITH "bazel/librdkafka/config.h"
