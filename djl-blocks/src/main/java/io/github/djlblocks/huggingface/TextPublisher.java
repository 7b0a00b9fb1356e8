package io.github.djlblocks.huggingface;

import java.util.concurrent.Executor;
import java.util.concurrent.Flow;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Text for subscribers: a generation each, as fast as they ask for pieces. */
final class TextPublisher implements Flow.Publisher<String> {

    private final Supplier<TextStream> streams;
    private final Executor executor;

    TextPublisher(Supplier<TextStream> streams, Executor executor) {
        this.streams = streams;
        this.executor = executor;
    }

    @Override
    public void subscribe(Flow.Subscriber<? super String> subscriber) {
        TextSubscription subscription = new TextSubscription(subscriber);
        subscriber.onSubscribe(subscription);
    }

    private final class TextSubscription implements Flow.Subscription {

        private final Flow.Subscriber<? super String> subscriber;
        private final AtomicLong demand = new AtomicLong();
        private final AtomicLong work = new AtomicLong();
        private final AtomicBoolean cancelled = new AtomicBoolean();
        private volatile @Nullable RuntimeException misuse;
        private @Nullable TextStream stream;
        private boolean done;

        TextSubscription(Flow.Subscriber<? super String> subscriber) {
            this.subscriber = subscriber;
        }

        @Override
        public void request(long count) {
            if (count < 1) {
                misuse = new IllegalArgumentException("request (" + count + ") must be at least 1");
            } else {
                demand.accumulateAndGet(count, (a, b) -> a + b < 0 ? Long.MAX_VALUE : a + b);
            }
            schedule();
        }

        @Override
        public void cancel() {
            cancelled.set(true);
            schedule();
        }

        /** One run of the loop at a time; whoever comes meanwhile lets it go round again. */
        private void schedule() {
            if (work.getAndIncrement() == 0) {
                executor.execute(this::run);
            }
        }

        private void run() {
            long seen = work.get();
            do {
                if (!done) {
                    drain();
                }
                seen = work.addAndGet(-seen);
            } while (seen > 0);
        }

        private void drain() {
            try {
                RuntimeException wrong = misuse;
                if (wrong != null) {
                    throw wrong;
                }
                TextStream text = stream;
                if (text == null && !cancelled.get()) {
                    text = streams.get();
                    stream = text;
                }
                while (text != null && !cancelled.get() && demand.get() > 0 && text.hasNext()) {
                    demand.decrementAndGet();
                    subscriber.onNext(text.next());
                }
                if (cancelled.get()) {
                    end();
                } else if (text != null && text.isComplete()) {
                    end();
                    subscriber.onComplete();
                }
            } catch (RuntimeException | Error e) {
                end();
                subscriber.onError(e);
            }
        }

        private void end() {
            done = true;
            TextStream text = stream;
            stream = null;
            if (text != null) {
                text.close();
            }
        }
    }
}
