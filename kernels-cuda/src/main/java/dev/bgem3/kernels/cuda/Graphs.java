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
 * The passes that came before, as CUDA graphs: one call runs a pass of some two hundred kernels, which
 * launched one by one would wait for the host (CUDA C++ Programming Guide, "CUDA Graphs"). A pass is recorded
 * when it comes for the second time. Not thread-safe.
 */
final class Graphs {
    /** Single queries of up to so many lengths stay recorded; a graph takes some hundred kilobytes. */
    private static final int MOST = 128;

    private static final QuietLogger LOGGER = QuietLogger.of("dev.bgem3.kernels.cuda");

    private final CudaDevice device;
    private final CUstream_st stream;

    /** A pass that came before; its graph is null where it came once, or could not be recorded. */
    private static final class Entry {
        private CUgraphExec_st graph;
        private boolean refused;
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
     *            gives a step to the stream
     * @return false, with nothing done, where the pass comes for the first time or cannot be recorded
     */
    boolean run(List<Step> pass, Consumer<Step> enqueue) {
        Entry entry = entries.get(pass);
        if (entry == null) {
            entries.put(pass, new Entry());
            if (entries.size() > MOST) {
                destroy(entries.pollFirstEntry().getValue());
            }
            return false;
        }
        if (entry.graph == null && !entry.refused) {
            try {
                entry.graph = record(pass, enqueue);
            } catch (DeviceLostException lost) {
                throw lost;
            } catch (BackendException refused) {
                // One by one the steps ran before and will again; a graph may just be too large for what
                // memory is left.
                LOGGER.log(Level.DEBUG, "a pass of {0} steps is not recorded: {1}", pass.size(), refused);
                entry.refused = true;
            }
        }
        if (entry.graph == null) {
            return false;
        }
        device.check(cudaGraphLaunch(entry.graph, stream), "cudaGraphLaunch");
        return true;
    }

    private CUgraphExec_st record(List<Step> pass, Consumer<Step> enqueue) {
        CUgraph_st graph = new CUgraph_st();
        // Of this thread only: others may allocate memory meanwhile.
        device.check(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal),
                "cudaStreamBeginCapture");
        try {
            int ended;
            try {
                pass.forEach(enqueue);
            } finally {
                // Where a step failed, its error is the one to tell.
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

    /** Forgets all, as their memory is gone. */
    void clear() {
        entries.values().forEach(this::destroy);
        entries.clear();
    }
}
