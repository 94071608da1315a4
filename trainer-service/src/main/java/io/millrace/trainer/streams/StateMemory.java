package io.millrace.trainer.streams;

import java.util.Map;
import org.apache.kafka.streams.state.RocksDBConfigSetter;
import org.rocksdb.BlockBasedTableConfig;
import org.rocksdb.Cache;
import org.rocksdb.LRUCache;
import org.rocksdb.Options;
import org.rocksdb.RocksDB;
import org.rocksdb.WriteBufferManager;

/**
 * Memory that all stores of one topology share. Left to itself each instance takes up to 98 MB outside of the heap, and there are
 * three for each partition.
 */
final class StateMemory implements AutoCloseable {
    /** Key of the Streams configuration under which {@link Bounds} finds it. */
    static final String CONFIG = "millrace.state-memory";

    private static final int MEMTABLE_BYTES = 1 << 20;

    private final long bytes;
    private final Cache cache;
    private final WriteBufferManager memtables;

    /** @param bytes of blocks, indexes, filters and memtables together, half of it for memtables */
    StateMemory(long bytes) {
        RocksDB.loadLibrary();
        this.bytes = bytes;
        this.cache = new LRUCache(bytes);
        this.memtables = new WriteBufferManager(bytes / 2, cache);
    }

    /** Constructed by Kafka Streams, once for each store. */
    public static final class Bounds implements RocksDBConfigSetter {
        @Override
        public void setConfig(String storeName, Options options, Map<String, Object> configs) {
            ((StateMemory) configs.get(CONFIG)).bound(options);
        }

        /** The memory is shared: whoever made it closes it. */
        @Override
        public void close(String storeName, Options options) {}
    }

    private void bound(Options options) {
        BlockBasedTableConfig tables = (BlockBasedTableConfig) options.tableFormatConfig();
        tables.setBlockCache(cache);
        tables.setCacheIndexAndFilterBlocks(true);
        tables.setPinTopLevelIndexAndFilter(true);
        options.setTableFormatConfig(tables);
        options.setWriteBufferManager(memtables);
        options.setWriteBufferSize(MEMTABLE_BYTES);
        // RocksDB's own timer, which nobody reads the results of, can crash a process that is halted.
        options.setStatsDumpPeriodSec(0);
        options.setStatsPersistPeriodSec(0);
    }

    long limitBytes() {
        return bytes;
    }

    /** Memtables included. */
    long usedBytes() {
        return cache.getUsage();
    }

    @Override
    public void close() {
        memtables.close();
        cache.close();
    }
}
