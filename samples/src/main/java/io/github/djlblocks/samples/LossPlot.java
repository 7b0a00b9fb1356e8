package io.github.djlblocks.samples;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
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
        List<Integer> steps = new ArrayList<>();
        for (int step = 1; step <= losses.size(); step++) {
            steps.add(step);
        }
        write(file, steps, losses);
    }

    /** Writes a PNG of the loss at some steps. */
    static void write(Path file, List<Integer> steps, List<Double> losses) throws IOException {
        XYChart chart =
                new XYChartBuilder()
                        .width(800)
                        .height(450)
                        .title("Training loss")
                        .xAxisTitle("step")
                        .yAxisTitle("cross entropy, nats a token")
                        .build();
        chart.getStyler().setLegendVisible(false);
        chart.getStyler().setYAxisLogarithmic(true);
        chart.getStyler().setXAxisTickMarkSpacingHint(TICK_SPACING);
        chart.addSeries("loss", steps, losses).setMarker(SeriesMarkers.NONE);
        Path parent = file.toAbsolutePath().getParent();
        if (parent != null) {
            Files.createDirectories(parent);
        }
        BitmapEncoder.saveBitmap(chart, file.toString(), BitmapFormat.PNG);
    }
}
