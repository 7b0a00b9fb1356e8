package io.github.djlblocks.torchscript;

/** Counts who is inside; shut, it lets nobody in, and acts once when the last has left. */
final class CallGate {

    private final Runnable whenLeft;
    private int inside;
    private boolean shut;

    CallGate(Runnable whenLeft) {
        this.whenLeft = whenLeft;
    }

    /** Whether the caller is inside now; then it must {@link #leave}. */
    synchronized boolean enter() {
        if (shut) {
            return false;
        }
        inside++;
        return true;
    }

    void leave() {
        boolean last;
        synchronized (this) {
            inside--;
            last = shut && inside == 0;
        }
        if (last) {
            whenLeft.run();
        }
    }

    void shut() {
        boolean last;
        synchronized (this) {
            last = !shut && inside == 0;
            shut = true;
        }
        if (last) {
            whenLeft.run();
        }
    }
}
