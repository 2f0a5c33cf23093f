namespace QuantumTrader.Models.Regimes;

/// <summary>What is known of the regime when a prediction is made.</summary>
/// <param name="Class">What kind of market it is; <c>None</c> when no regime was joined.</param>
/// <param name="Confidence">How sure that is, from 0 to 1.</param>
/// <param name="Place">Where the last close stands in the range.</param>
/// <param name="Atr">Average true range, in the unit of the price; 0 when there are no candles.</param>
/// <param name="Close">Close of the last candle; 0 when there is none.</param>
public readonly record struct KnownRegime(RegimeClass Class, double Confidence, RangePlace Place, double Atr, double Close)
{
    /// <summary>What is known before the first candle.</summary>
    public static KnownRegime WithoutData => new(RegimeClass.Undefined, 0, RangePlace.None, 0, 0);

    /// <summary>True when a regime was joined.</summary>
    public bool IsJoined => Class != RegimeClass.None;

    /// <summary>What is known from this regime on.</summary>
    internal static KnownRegime Of(in Regime regime) => new(regime.Class, regime.Confidence, regime.Place, regime.Atr, regime.Close);
}
