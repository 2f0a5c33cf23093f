namespace QuantumTrader.Models.Coordination;

/// <summary>How far a prediction from history is trusted.</summary>
internal static class ConfidenceInHistory
{
    /// <summary>
    /// c (0.7 + 0.3 quality), times 0.8 below 100 points or 0.9 below 500, times 0.85 in high volatility (rank above 0.8), times 0.9 when the
    /// seasonality is below 0.3; from 0.1 to 0.95.
    /// </summary>
    public static double Adjust(double confidence, double quality, double points, double volatilityRank, double seasonality) => Math.Clamp(
        confidence
            * (0.7 + (0.3 * quality))
            * (points < 100 ? 0.8 : points < 500 ? 0.9 : 1)
            * (volatilityRank > 0.8 ? 0.85 : 1)
            * (seasonality < 0.3 ? 0.9 : 1),
        0.1,
        0.95);
}
