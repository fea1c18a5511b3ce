// Stands in for the server: what the shared structures need of it, with threads in place of processes.
// SPDX-License-Identifier: PostgreSQL
//
// The extension's own sources are compiled against this header, so that the thread sanitizer, which
// sees no memory shared by processes, can watch them. What the server has for each process is
// thread-local here; what lies in its shared memory is on the heap. As in the server, a hash table
// does no locking of its own but for its list of free elements, an atomic addition is a full
// barrier, and an atomic read or write is none.
#pragma once

#include <atomic>
#include <bit>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

using uint8 = uint8_t;
using uint16 = uint16_t;
using uint32 = uint32_t;
using uint64 = uint64_t;
using int64 = int64_t;
using Oid = uint32_t;
using TimestampTz = int64_t;
using Size = size_t;
using Datum = uintptr_t;
inline constexpr Oid InvalidOid = 0;
inline bool OidIsValid(Oid oid)
{
    return oid != InvalidOid;
}
#define PG_INT64_MAX INT64_MAX
#define FLEXIBLE_ARRAY_MEMBER
#define NAMEDATALEN 64
#define MAXALIGN(size) (((size) + 7) & ~size_t{7})
template <typename A, typename B>
constexpr auto Max(A a, B b)
{
    return a > b ? a : b;
}
template <typename A, typename B>
constexpr auto Min(A a, B b)
{
    return a < b ? a : b;
}
#define likely(condition) __builtin_expect((condition) != 0, 1)
#define unlikely(condition) __builtin_expect((condition) != 0, 0)
#define pg_noinline __attribute__((noinline))

inline size_t strlcpy(char *to, const char *from, size_t size)
{
    return static_cast<size_t>(snprintf(to, size, "%s", from));
}

// ---- a process -----------------------------------------------------------------------------

using shmem_exit_callback = void (*)(int, Datum);
inline constexpr bool IsUnderPostmaster = true;
inline thread_local Oid MyDatabaseId = 1;
inline thread_local std::vector<shmem_exit_callback> exit_callbacks;
inline void on_shmem_exit(shmem_exit_callback callback, Datum)
{
    exit_callbacks.push_back(callback);
}
inline bool IsParallelWorker()
{
    return false;
}
inline int GetCurrentTransactionNestLevel()
{
    return 1;
}
namespace server
{
// What a process does on its way out.
inline void leave()
{
    for (auto callback = exit_callbacks.rbegin(); callback != exit_callbacks.rend(); ++callback)
        (*callback)(0, 0);
    exit_callbacks.clear();
}
} // namespace server

namespace server
{
inline std::atomic<int> processes{0};
inline thread_local const int own_number = processes++;
} // namespace server
namespace tenancy::pg
{
inline int own_process_number()
{
    return server::own_number;
}
} // namespace tenancy::pg
inline constexpr int MaxBackends = 400;
inline int *const MyProc = nullptr;
inline bool superuser()
{
    return false;
}

struct Latch
{};
inline Latch *const MyLatch = nullptr;
enum { WL_LATCH_SET = 1, WL_TIMEOUT = 2, WL_EXIT_ON_PM_DEATH = 4, PG_WAIT_EXTENSION = 8 };
inline void SetLatch(Latch *) {}
inline void ResetLatch(Latch *) {}
inline int WaitLatch(Latch *, int, long, int)
{
    return 0;
}

inline bool pg_strong_random(void *to, size_t size)
{
    static std::atomic<int> calls{0};
    memset(to, ++calls, size);
    return true;
}
inline int64 GetCurrentTimestamp()
{
    return std::chrono::duration_cast<std::chrono::microseconds>(
               std::chrono::steady_clock::now().time_since_epoch())
        .count();
}
inline int64 TimestampTzPlusMilliseconds(int64 time, int64 milliseconds)
{
    return time + milliseconds * 1000;
}
inline long TimestampDifferenceMilliseconds(int64 from, int64 to)
{
    return from < to ? (to - from + 999) / 1000 : 0;
}

// Memory of a transaction: until the thread ends.
using MemoryContext = std::vector<std::unique_ptr<char[]>> *;
inline thread_local std::vector<std::unique_ptr<char[]>> transaction_memory;
#define CurrentMemoryContext (&transaction_memory)
#define TopTransactionContext (&transaction_memory)
inline void *MemoryContextAllocHuge(MemoryContext context, Size size)
{
    context->push_back(std::make_unique<char[]>(size));
    return context->back().get();
}

// ---- atomics -------------------------------------------------------------------------------

struct pg_atomic_uint32
{
    std::atomic<uint32> value;
};
struct pg_atomic_uint64
{
    std::atomic<uint64> value;
};
inline void pg_atomic_init_u32(pg_atomic_uint32 *atomic, uint32 value)
{
    atomic->value.store(value, std::memory_order_relaxed);
}
inline void pg_atomic_init_u64(pg_atomic_uint64 *atomic, uint64 value)
{
    atomic->value.store(value, std::memory_order_relaxed);
}
inline void pg_atomic_write_u32(pg_atomic_uint32 *atomic, uint32 value)
{
    atomic->value.store(value, std::memory_order_relaxed);
}
inline void pg_atomic_write_u64(pg_atomic_uint64 *atomic, uint64 value)
{
    atomic->value.store(value, std::memory_order_relaxed);
}
// The sanitizer knows no fences: a read barrier reads what was read last once more, in order.
namespace server
{
inline thread_local const pg_atomic_uint32 *last_read_u32 = nullptr;
inline thread_local const pg_atomic_uint64 *last_read_u64 = nullptr;
} // namespace server
inline uint32 pg_atomic_read_u32(const pg_atomic_uint32 *atomic)
{
    server::last_read_u32 = atomic;
    return atomic->value.load(std::memory_order_relaxed);
}
inline uint64 pg_atomic_read_u64(const pg_atomic_uint64 *atomic)
{
    server::last_read_u64 = atomic;
    return atomic->value.load(std::memory_order_relaxed);
}
// Orders this thread's own operations, and nobody else's, or it would hide races.
inline void pg_memory_barrier()
{
    thread_local std::atomic<int> fence{0};
    fence.fetch_add(1);
}
inline void pg_read_barrier()
{
    if (server::last_read_u32 != nullptr)
        (void)server::last_read_u32->value.load(std::memory_order_acquire);
    if (server::last_read_u64 != nullptr)
        (void)server::last_read_u64->value.load(std::memory_order_acquire);
}
inline uint32 pg_atomic_fetch_add_u32(pg_atomic_uint32 *atomic, int32_t amount)
{
    return atomic->value.fetch_add(static_cast<uint32>(amount));
}
inline uint32 pg_atomic_fetch_sub_u32(pg_atomic_uint32 *atomic, int32_t amount)
{
    return atomic->value.fetch_sub(static_cast<uint32>(amount));
}
inline uint64 pg_atomic_fetch_add_u64(pg_atomic_uint64 *atomic, int64_t amount)
{
    return atomic->value.fetch_add(static_cast<uint64>(amount));
}
inline uint64 pg_atomic_exchange_u64(pg_atomic_uint64 *atomic, uint64 value)
{
    return atomic->value.exchange(value);
}

// ---- errors --------------------------------------------------------------------------------

namespace server
{
struct Error : std::runtime_error
{
    using runtime_error::runtime_error;
};
} // namespace server

#define ERROR 21
enum { ERRCODE_OUT_OF_MEMORY, ERRCODE_CONFIGURATION_LIMIT_EXCEEDED, ERRCODE_TOO_MANY_CONNECTIONS };
inline int errcode(int)
{
    return 0;
}
template <typename... Arguments>
int errmsg(const char *, Arguments...)
{
    return 0;
}
template <typename... Arguments>
int errdetail(const char *, Arguments...)
{
    return 0;
}
template <typename... Arguments>
int errhint(const char *, Arguments...)
{
    return 0;
}
#define ereport(level, parts) (void(parts), throw server::Error(#parts))
#define CHECK_FOR_INTERRUPTS() static_cast<void>(0)
#define PG_TRY()                                                                                   \
    do                                                                                             \
    {                                                                                              \
        std::exception_ptr server_error;                                                           \
        try                                                                                        \
        {                                                                                          \
            static_cast<void>(0)
#define PG_FINALLY()                                                                               \
    }                                                                                              \
    catch (...)                                                                                    \
    {                                                                                              \
        server_error = std::current_exception();                                                   \
    }                                                                                              \
    {                                                                                              \
        static_cast<void>(0)
#define PG_END_TRY()                                                                               \
    }                                                                                              \
    if (server_error)                                                                              \
        std::rethrow_exception(server_error);                                                      \
    }                                                                                              \
    while (0)

// ---- shared memory -------------------------------------------------------------------------

namespace server
{
inline std::mutex startup;
inline std::map<std::string, std::unique_ptr<char[]>> structures;
} // namespace server

inline Size add_size(Size a, Size b)
{
    return a + b;
}
inline Size mul_size(Size a, Size b)
{
    return a * b;
}
inline void RequestAddinShmemSpace(Size) {}
inline void RequestNamedLWLockTranche(const char *, int) {}

inline void *ShmemInitStruct(const char *name, Size size, bool *found)
{
    auto &memory = server::structures[name];
    *found = memory != nullptr;
    if (!*found)
        memory = std::make_unique<char[]>(size);
    return memory.get();
}

// ---- locks ---------------------------------------------------------------------------------

enum LWLockMode { LW_EXCLUSIVE, LW_SHARED };
struct LWLock
{
    std::shared_mutex mutex;
    bool exclusive = false; // guarded by the mutex itself
};
struct LWLockPadded
{
    LWLock lock;
};

inline LWLockPadded *GetNamedLWLockTranche(const char *name)
{
    static std::map<std::string, std::unique_ptr<LWLockPadded[]>> tranches;
    auto &locks = tranches[name];
    if (locks == nullptr)
        locks = std::make_unique<LWLockPadded[]>(64);
    return locks.get();
}

inline bool LWLockAcquire(LWLock *lock, LWLockMode mode)
{
    if (mode == LW_SHARED)
        lock->mutex.lock_shared();
    else
    {
        lock->mutex.lock();
        lock->exclusive = true;
    }
    return true;
}

inline void LWLockRelease(LWLock *lock)
{
    if (!lock->exclusive)
    {
        lock->mutex.unlock_shared();
        return;
    }
    lock->exclusive = false;
    lock->mutex.unlock();
}

namespace tenancy::pg
{
class LockGuard
{
public:
    LockGuard(LWLock *lock, LWLockMode mode) : lock_(lock) { LWLockAcquire(lock_, mode); }
    ~LockGuard() { LWLockRelease(lock_); }
    LockGuard(const LockGuard &) = delete;
    LockGuard &operator=(const LockGuard &) = delete;

private:
    LWLock *lock_;
};
} // namespace tenancy::pg

struct ConditionVariable
{
    std::mutex mutex;
    std::condition_variable condition;
    uint64 broadcasts;
};
namespace server
{
inline thread_local uint64 broadcasts_seen = 0;
}
inline void ConditionVariableInit(ConditionVariable *variable)
{
    new (variable) ConditionVariable{};
}
inline void ConditionVariablePrepareToSleep(ConditionVariable *variable)
{
    const std::lock_guard lock(variable->mutex);
    server::broadcasts_seen = variable->broadcasts;
}
inline bool ConditionVariableTimedSleep(ConditionVariable *variable, long milliseconds, int)
{
    std::unique_lock lock(variable->mutex);
    const bool told =
        variable->condition.wait_for(lock, std::chrono::milliseconds(milliseconds), [variable] {
            return variable->broadcasts != server::broadcasts_seen;
        });
    server::broadcasts_seen = variable->broadcasts;
    return !told;
}
inline bool ConditionVariableCancelSleep()
{
    return false;
}
inline void ConditionVariableBroadcast(ConditionVariable *variable)
{
    const std::lock_guard lock(variable->mutex);
    variable->broadcasts++;
    variable->condition.notify_all();
}

// Advisory locks.
using LOCKTAG = std::tuple<uint32, uint32, uint32, uint32>;
#define SET_LOCKTAG_ADVISORY(tag, a, b, c, d) ((tag) = LOCKTAG{a, b, c, d})
inline constexpr int ExclusiveLock = 7;

namespace server
{
inline std::mutex &mutex_of(const LOCKTAG &tag)
{
    static std::mutex guard;
    static std::map<LOCKTAG, std::mutex> mutexes;
    const std::lock_guard lock(guard);
    return mutexes[tag];
}
} // namespace server

inline int LockAcquire(const LOCKTAG *tag, int, bool, bool)
{
    server::mutex_of(*tag).lock();
    return 0;
}
inline bool LockRelease(const LOCKTAG *tag, int, bool)
{
    server::mutex_of(*tag).unlock();
    return true;
}

// ---- lists ---------------------------------------------------------------------------------

struct dlist_node
{
    dlist_node *prev, *next;
};
struct dlist_head
{
    dlist_node head;
};
inline void dlist_init(dlist_head *list)
{
    list->head.prev = list->head.next = &list->head;
}
inline bool dlist_is_empty(const dlist_head *list)
{
    return list->head.next == &list->head;
}
inline dlist_node *dlist_head_node(dlist_head *list)
{
    return list->head.next;
}
inline void dlist_delete(dlist_node *node)
{
    node->prev->next = node->next;
    node->next->prev = node->prev;
}
inline void dlist_push_tail(dlist_head *list, dlist_node *node)
{
    node->next = &list->head;
    node->prev = list->head.prev;
    node->prev->next = node;
    list->head.prev = node;
}

// ---- hash tables ---------------------------------------------------------------------------

enum HASHACTION { HASH_FIND, HASH_ENTER, HASH_REMOVE, HASH_ENTER_NULL };
enum { HASH_ELEM = 1, HASH_BLOBS = 2, HASH_PARTITION = 4 };
struct HASHCTL
{
    Size keysize, entrysize;
    long num_partitions;
};

// Buckets are divided among the caller's locks: equal modulo 32, so in the same partition.
struct HTAB
{
    static constexpr size_t kBuckets = 256;
    struct Element
    {
        Element *next;
        uint32 hash;
        std::unique_ptr<std::max_align_t[]> entry;
    };
    Size key_size, entry_size;
    Element *bucket[kBuckets]{};
    std::mutex mutex; // of the list of free elements
    std::vector<Element *> free;
    std::vector<std::unique_ptr<Element>> all;
    std::atomic<long> count{0};
};

struct HASH_SEQ_STATUS
{
    HTAB *table;
    size_t bucket;
    HTAB::Element *next;
};

namespace server
{
inline std::map<std::string, std::unique_ptr<HTAB>> tables;
} // namespace server

inline Size hash_estimate_size(long, Size)
{
    return 0;
}

inline HTAB *ShmemInitHash(const char *name, long, long most, HASHCTL *control, int)
{
    auto &table = server::tables[name];
    if (table != nullptr)
        return table.get();
    table = std::make_unique<HTAB>();
    table->key_size = control->keysize;
    table->entry_size = control->entrysize;
    for (long i = 0; i < most; i++)
    {
        const size_t units =
            (control->entrysize + sizeof(std::max_align_t) - 1) / sizeof(std::max_align_t);
        table->all.push_back(std::make_unique<HTAB::Element>(
            HTAB::Element{nullptr, 0, std::make_unique<std::max_align_t[]>(units)}));
        table->free.push_back(table->all.back().get());
    }
    return table.get();
}

inline uint32 tag_hash(const void *key, Size size)
{
    return static_cast<uint32>(
        std::hash<std::string_view>{}({static_cast<const char *>(key), size}));
}
inline uint64 hash_bytes_extended(const unsigned char *key, int size, uint64 seed)
{
    return std::hash<std::string_view>{}(
               {reinterpret_cast<const char *>(key), static_cast<size_t>(size)}) ^
           seed;
}
inline uint32 pg_nextpower2_32(uint32 number)
{
    return std::bit_ceil(number);
}
inline uint32 get_hash_value(HTAB *table, const void *key)
{
    return tag_hash(key, table->key_size);
}
inline long hash_get_num_entries(HTAB *table)
{
    return table->count.load(std::memory_order_relaxed);
}

inline void *hash_search_with_hash_value(HTAB *table, const void *key, uint32 hash,
                                         HASHACTION action, bool *found)
{
    HTAB::Element **link = &table->bucket[hash % HTAB::kBuckets];
    while (*link != nullptr &&
           ((*link)->hash != hash || memcmp((*link)->entry.get(), key, table->key_size) != 0))
        link = &(*link)->next;
    HTAB::Element *element = *link;
    if (found != nullptr)
        *found = element != nullptr;
    if (element != nullptr && action == HASH_REMOVE)
    {
        *link = element->next;
        table->count.fetch_sub(1, std::memory_order_relaxed);
        const std::lock_guard lock(table->mutex);
        table->free.push_back(element);
    }
    if (element != nullptr || action == HASH_FIND || action == HASH_REMOVE)
        return element == nullptr ? nullptr : element->entry.get();
    {
        const std::lock_guard lock(table->mutex);
        if (table->free.empty())
            return nullptr;
        element = table->free.back();
        table->free.pop_back();
    }
    table->count.fetch_add(1, std::memory_order_relaxed);
    element->next = nullptr;
    element->hash = hash;
    memcpy(element->entry.get(), key, table->key_size);
    *link = element;
    return element->entry.get();
}

inline void *hash_search(HTAB *table, const void *key, HASHACTION action, bool *found)
{
    return hash_search_with_hash_value(table, key, get_hash_value(table, key), action, found);
}

inline void hash_seq_init(HASH_SEQ_STATUS *scan, HTAB *table)
{
    *scan = {table, 0, table->bucket[0]};
}
// The one returned may be removed before the next is asked for.
inline void *hash_seq_search(HASH_SEQ_STATUS *scan)
{
    while (scan->next == nullptr)
    {
        if (++scan->bucket == HTAB::kBuckets)
            return nullptr;
        scan->next = scan->table->bucket[scan->bucket];
    }
    HTAB::Element *element = scan->next;
    scan->next = element->next;
    return element->entry.get();
}
inline void hash_seq_term(HASH_SEQ_STATUS *) {}

// ---- the end of the server -----------------------------------------------------------------

namespace server
{
// Shared memory is gone; no thread may be using it.
inline void crash()
{
    structures.clear();
    tables.clear();
}
} // namespace server
