/* Tells ThreadSanitizer what it cannot see: C-core is not instrumented, so the hand-over of a call
 * from the thread that starts a batch to the one that takes its tag off the queue looks like no
 * order at all. Nothing in ordinary builds. */
#ifndef TESTKIT_GATEWAY_RPC_TSAN_H
#define TESTKIT_GATEWAY_RPC_TSAN_H

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define TESTKIT_TSAN 1
#endif
#elif defined(__SANITIZE_THREAD__)
#define TESTKIT_TSAN 1
#endif

#ifdef TESTKIT_TSAN
void __tsan_acquire(void *address);
void __tsan_release(void *address);
#define tsan_acquire(address) __tsan_acquire(address)
#define tsan_release(address) __tsan_release(address)
#else
#define tsan_acquire(address) ((void)(address))
#define tsan_release(address) ((void)(address))
#endif

#endif
