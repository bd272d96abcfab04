package dev.bgem3.kernels.cuda;

import static org.bytedeco.cuda.global.cudart.cudaGraphDestroy;
import static org.bytedeco.cuda.global.cudart.cudaGraphExecDestroy;
import static org.bytedeco.cuda.global.cudart.cudaGraphInstantiate;
import static org.bytedeco.cuda.global.cudart.cudaGraphLaunch;
import static org.bytedeco.cuda.global.cudart.cudaStreamBeginCapture;
import static org.bytedeco.cuda.global.cudart.cudaStreamCaptureModeThreadLocal;
import static org.bytedeco.cuda.global.cudart.cudaStreamEndCapture;

import dev.bgem3.error.BackendException;
import dev.bgem3.error.DeviceLostException;
import dev.bgem3.io.QuietLogger;
import java.lang.System.Logger.Level;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.function.Consumer;
import org.bytedeco.cuda.cudart.CUgraphExec_st;
import org.bytedeco.cuda.cudart.CUgraph_st;
import org.bytedeco.cuda.cudart.CUstream_st;

/**
 * The earlier passes, captured as CUDA graphs. One call runs a pass of some two hundred kernels, which would
 * have to wait for the host if launched one by one (CUDA C++ Programming Guide, "CUDA Graphs"). A pass is
 * captured when it occurs for the second time. Not thread-safe.
 */
final class Graphs {
    /**
     * The limit of passes kept, enough for single queries of as many lengths; a graph takes some hundred
     * kilobytes.
     */
    private static final int MAX_PASSES = 128;

    private static final QuietLogger LOGGER = QuietLogger.of("dev.bgem3.kernels.cuda");

    private final CudaDevice device;
    private final CUstream_st stream;

    /** An earlier pass; its graph is null if the pass has occurred only once or could not be captured. */
    private static final class Entry {
        private CUgraphExec_st graph;
        private boolean failed;
    }

    private final LinkedHashMap<List<Step>, Entry> entries = new LinkedHashMap<>(16, 0.75f, true);

    Graphs(CudaDevice device, CUstream_st stream) {
        this.device = device;
        this.stream = stream;
    }

    /**
     * Runs a pass as a graph.
     *
     * @param enqueue
     *            submits a step to the stream
     * @return false, without doing anything, if the pass occurs for the first time or cannot be captured
     */
    boolean run(List<Step> pass, Consumer<Step> enqueue) {
        Entry entry = entries.get(pass);
        if (entry == null) {
            entries.put(pass, new Entry());
            if (entries.size() > MAX_PASSES) {
                destroy(entries.pollFirstEntry().getValue());
            }
            return false;
        }
        if (entry.graph == null && !entry.failed) {
            try {
                entry.graph = capture(pass, enqueue);
            } catch (DeviceLostException lost) {
                throw lost;
            } catch (BackendException failed) {
                // The steps have run one by one before and can do so again; the graph may simply need more
                // memory than is left.
                LOGGER.log(Level.DEBUG, "a pass of {0} steps cannot be captured: {1}", pass.size(), failed);
                entry.failed = true;
            }
        }
        if (entry.graph == null) {
            return false;
        }
        device.check(cudaGraphLaunch(entry.graph, stream), "cudaGraphLaunch");
        return true;
    }

    private CUgraphExec_st capture(List<Step> pass, Consumer<Step> enqueue) {
        CUgraph_st graph = new CUgraph_st();
        // Capture only this thread's calls, because other threads may allocate memory meanwhile.
        device.check(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal),
                "cudaStreamBeginCapture");
        try {
            int ended;
            try {
                pass.forEach(enqueue);
            } finally {
                // If a step failed, its error is the one to report.
                ended = cudaStreamEndCapture(stream, graph);
            }
            device.check(ended, "cudaStreamEndCapture");
            CUgraphExec_st executable = new CUgraphExec_st();
            device.check(cudaGraphInstantiate(executable, graph, 0), "cudaGraphInstantiate");
            return executable;
        } finally {
            if (!graph.isNull() && device.isUsable()) {
                cudaGraphDestroy(graph);
            }
        }
    }

    private void destroy(Entry entry) {
        if (entry.graph != null && device.isUsable()) {
            device.check(cudaGraphExecDestroy(entry.graph), "cudaGraphExecDestroy");
        }
    }

    /** Discards all passes, because their memory has been freed. */
    void clear() {
        entries.values().forEach(this::destroy);
        entries.clear();
    }
}
