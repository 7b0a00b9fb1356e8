package io.github.djlblocks.samples;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.BitmapEncoder.BitmapFormat;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** Draws a loss curve. */
final class LossPlot {

    private static final int TICK_SPACING = 150;

    private LossPlot() {}

    /**
     * Writes a PNG of the loss by step.
     *
     * @param file where to
     * @param losses mean cross entropy of each step, nats a token
     * @throws IOException if the file cannot be written
     */
    static void write(Path file, List<Double> losses) throws IOException {
        write(file, losses, Map.of());
    }

    /** Writes a PNG of the loss at some steps. */
    static void write(Path file, List<Integer> steps, List<Double> losses) throws IOException {
        write(file, steps, losses, Map.of());
    }

    /**
     * Writes a PNG of the loss by step, and of losses that were measured once, as lines.
     *
     * @param file where to
     * @param losses of each step
     * @param levels losses by name
     * @throws IOException if the file cannot be written
     */
    static void write(Path file, List<Double> losses, Map<String, Double> levels)
            throws IOException {
        write(file, IntStream.rangeClosed(1, losses.size()).boxed().toList(), losses, levels);
    }

    private static void write(
            Path file, List<Integer> steps, List<Double> losses, Map<String, Double> levels)
            throws IOException {
        XYChart chart =
                new XYChartBuilder()
                        .width(800)
                        .height(450)
                        .title("Training loss")
                        .xAxisTitle("step")
                        .yAxisTitle("cross entropy, nats a token")
                        .build();
        chart.getStyler().setLegendVisible(!levels.isEmpty());
        chart.getStyler().setYAxisLogarithmic(true);
        chart.getStyler().setXAxisTickMarkSpacingHint(TICK_SPACING);
        chart.addSeries("loss", steps, losses).setMarker(SeriesMarkers.NONE);
        List<Integer> ends = List.of(steps.get(0), steps.get(steps.size() - 1));
        levels.forEach(
                (name, level) ->
                        chart.addSeries(name, ends, List.of(level, level))
                                .setMarker(SeriesMarkers.NONE));
        Path parent = file.toAbsolutePath().getParent();
        if (parent != null) {
            Files.createDirectories(parent);
        }
        BitmapEncoder.saveBitmap(chart, file.toString(), BitmapFormat.PNG);
    }
}
