package dev.bgem3.engine;

import dev.bgem3.error.DeviceLostException;
import dev.bgem3.io.QuietLogger;
import dev.bgem3.kernel.Workspace;
import java.lang.System.Logger.Level;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;

/**
 * The slots of a model's devices, and the queue of the threads that wait for one: first come, first served,
 * on whichever device. Thread-safe.
 */
final class SlotPool implements AutoCloseable {
    private static final QuietLogger LOGGER = QuietLogger.of("dev.bgem3");

    /** One forward pass at a time on a device. */
    record Slot(ModelReplica device, Workspace workspace) {}

    /**
     * A thread that waits for a slot. It parks rather than use a future or a condition, because those
     * allocate and, in a thread of a ForkJoinPool, start another thread: an exception there would lose a
     * slot.
     */
    private static final class Turn extends TaskList.Task {
        private static final long MAX_PARK_NANOS = 20_000_000;

        private final Thread thread = Thread.currentThread();
        private volatile boolean answered;
        private Slot slot;

        void answer(Slot given) {
            slot = given;
            answered = true;
            run();
        }

        /** Wakes the thread. */
        @Override
        void run() {
            LockSupport.unpark(thread);
        }

        /**
         * Parks a virtual thread only briefly: without free memory it keeps its carrier while it is parked,
         * which the thread that holds the slot may need to continue.
         */
        private void park() {
            if (!thread.isVirtual()) {
                LockSupport.park(this);
                return;
            }
            try {
                LockSupport.parkNanos(this, MAX_PARK_NANOS);
            } catch (OutOfMemoryError _) {
                Thread.yield(); // The timer needs memory.
            }
        }

        /** Returns the slot, or null. An interrupt does not end the wait and is kept. */
        Slot await() {
            boolean interrupted = false;
            while (!answered) {
                park();
                interrupted |= Thread.interrupted();
            }
            if (interrupted) {
                thread.interrupt();
            }
            return slot;
        }
    }

    private final String modelName;
    private final List<ModelReplica> devices;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition returned = lock.newCondition();
    /** While any slot is free, no thread waits. */
    private final Queue<Slot> free = new ArrayDeque<>();
    /** Each is answered once: with a slot, or with null if there will be no more. */
    private final TaskList waiting = new TaskList();
    private final List<ModelReplica> lost = new ArrayList<>();
    private int lent;
    private boolean freed;
    /**
     * This and {@link #noDevice} are read without the lock, so that a call fails at once, but written with
     * it.
     */
    private volatile boolean closed;
    private volatile Optional<DeviceLostException> noDevice = Optional.empty();

    /**
     * Creates a pool in which all slots of the devices are free.
     *
     * @param modelName
     *            for messages
     * @param devices
     *            owned and closed by this pool from now on
     */
    SlotPool(String modelName, List<ModelReplica> devices) {
        this.modelName = modelName;
        this.devices = List.copyOf(devices);
        // The first slot of every device precedes the second of any, so that a few batches use all devices.
        int maxSlots = devices.stream().mapToInt(device -> device.workspaces().size()).max().orElseThrow();
        for (int i = 0; i < maxSlots; i++) {
            for (ModelReplica device : devices) {
                if (i < device.workspaces().size()) {
                    free.add(new Slot(device, device.workspaces().get(i)));
                }
            }
        }
    }

    /** Returns the number of slots on the devices that are not lost. */
    int slotCount() {
        lock.lock();
        try {
            return devices.stream().filter(device -> !lost.contains(device))
                    .mapToInt(device -> device.workspaces().size()).sum();
        } finally {
            lock.unlock();
        }
    }

    /**
     * Throws if no more work can be done.
     *
     * @throws IllegalStateException
     *             if this is closed
     * @throws DeviceLostException
     *             if all devices are lost
     */
    void requireUsable() {
        if (closed) {
            throw new IllegalStateException("the model is closed: " + modelName);
        }
        noDevice.ifPresent(last -> {
            throw new DeviceLostException(last.getMessage(), last);
        });
    }

    /**
     * Waits for a slot and runs the work on it. If its device is lost and another one is left, runs the work
     * on that.
     *
     * @throws IllegalStateException
     *             as {@link #requireUsable()}
     * @throws DeviceLostException
     *             if the last device is lost
     */
    <T> T run(Function<Slot, T> work) {
        while (true) {
            Slot slot = take();
            try {
                return work.apply(slot);
            } catch (DeviceLostException e) {
                if (!othersRemain(slot.device(), e)) {
                    throw e;
                }
            } finally {
                giveBack(slot);
            }
        }
    }

    private Slot take() {
        Turn turn = new Turn();
        lock.lock();
        try {
            requireUsable();
            Slot slot = free.poll();
            if (slot != null) {
                lent++;
                return slot;
            }
            waiting.add(turn);
        } finally {
            lock.unlock();
        }
        Slot slot = turn.await();
        if (slot == null) {
            requireUsable();
        }
        return Objects.requireNonNull(slot);
    }

    private void giveBack(Slot slot) {
        lock.lock();
        try {
            lent--;
            Turn next = lost.contains(slot.device()) ? null : (Turn) waiting.poll();
            if (next != null) {
                lent++;
                next.answer(slot);
            } else if (!lost.contains(slot.device())) {
                free.add(slot);
            }
            if (lent == 0) {
                returned.signalAll();
            }
        } finally {
            lock.unlock();
        }
    }

    /** Removes a lost device's slots, once, and returns whether another device is left. */
    private boolean othersRemain(ModelReplica device, DeviceLostException why) {
        lock.lock();
        try {
            boolean remain = lost.size() + (lost.contains(device) ? 0 : 1) < devices.size();
            if (!lost.contains(device)) {
                lost.add(device);
                free.removeIf(slot -> slot.device() == device);
                if (remain) {
                    LOGGER.log(Level.WARNING, "{0} is lost; continuing on the other devices: {1}",
                            device.name(), why.getMessage());
                } else {
                    noDevice = Optional.of(why);
                    refuseWaiting();
                }
            }
            return remain;
        } finally {
            lock.unlock();
        }
    }

    private void refuseWaiting() {
        for (Turn turn = (Turn) waiting.poll(); turn != null; turn = (Turn) waiting.poll()) {
            turn.answer(null);
        }
    }

    /**
     * Refuses waiting threads, lets the work in progress finish, and closes the devices; closing again waits
     * for that.
     */
    @Override
    public void close() {
        lock.lock();
        try {
            closed = true;
            refuseWaiting();
            while (lent > 0) {
                returned.awaitUninterruptibly();
            }
            if (!freed) {
                freed = true;
                closeAll(devices);
            }
        } finally {
            lock.unlock();
        }
    }

    /** Closes each device even if closing another fails; throws the first failure. */
    static void closeAll(List<? extends ModelReplica> devices) {
        if (!devices.isEmpty()) {
            try {
                devices.getFirst().close();
            } finally {
                closeAll(devices.subList(1, devices.size()));
            }
        }
    }
}
