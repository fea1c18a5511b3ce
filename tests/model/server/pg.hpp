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
#include <cstddef>
#include <cstdint>
#include <cstring>
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
inline constexpr Oid InvalidOid = 0;
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

// ---- errors --------------------------------------------------------------------------------

namespace server
{
struct Error : std::runtime_error
{
    using runtime_error::runtime_error;
};
} // namespace server

#define ERROR 21
#define ERRCODE_OUT_OF_MEMORY 0
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
