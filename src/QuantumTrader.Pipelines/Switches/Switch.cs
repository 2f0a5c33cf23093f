using System.Globalization;

namespace QuantumTrader.Pipelines;

/// <summary>One switch: its names, and how its value is read and written.</summary>
/// <param name="Name">Its name, which is also the environment variable; in YAML in lower case.</param>
/// <param name="Alias">Another name of the variable; empty for none.</param>
/// <param name="Legal">Its legal values, for messages.</param>
/// <param name="Get">Its value as text; null when it is not set.</param>
/// <param name="Set">The switches with another value of this one; null when the text is none.</param>
internal sealed record Switch(string Name, string Alias, string Legal, Func<SwitchOptions, string?> Get, Func<SwitchOptions, string, SwitchOptions?> Set)
{
    /// <summary>All switches.</summary>
    public static IReadOnlyList<Switch> All { get; } =
    [
        OnOff("ZMQ_ENABLED", "", s => s.ZmqEnabled, (s, v) => s with { ZmqEnabled = v }),
        OnOff("ZMQ_CONSUME", "", s => s.ZmqConsume, (s, v) => s with { ZmqConsume = v }),
        OnOff("VALKEY_ENABLED", "", s => s.ValkeyEnabled, (s, v) => s with { ValkeyEnabled = v }),
        OnOff("TIME_TRAVEL_ENABLED", "TIME_TRAVEL", s => s.TimeTravelEnabled, (s, v) => s with { TimeTravelEnabled = v }),
        new("TIME_TRAVEL_PERCENTAGE", "", "0.0 to 1.0, or 0% to 100%", s => s.TimeTravelPercentage?.ToString(), (s, t) => ToShare(t) is { } v ? s with { TimeTravelPercentage = v } : null),
        OnOff("ENHANCED_ML_ENABLED", "ENHANCED_ML", s => s.EnhancedMlEnabled, (s, v) => s with { EnhancedMlEnabled = v }),
        OnOff("FALLBACK_ON_ERROR", "", s => s.FallbackOnError, (s, v) => s with { FallbackOnError = v }),
        OnOff("FORCE_FAST_MODE", "", s => s.ForceFastMode, (s, v) => s with { ForceFastMode = v }),
        OnOff("ALERT_ON_FALLBACK", "", s => s.AlertOnFallback, (s, v) => s with { AlertOnFallback = v }),
        new("LOG_LEVEL", "", "debug, info, warning, error", s => s.LogLevel?.ToString().ToLowerInvariant(), (s, t) => ToLevel(t) is { } v ? s with { LogLevel = v } : null),
    ];

    private static Switch OnOff(string name, string alias, Func<SwitchOptions, bool?> get, Func<SwitchOptions, bool, SwitchOptions> set) => new(
        name, alias, "true, false", s => get(s) switch { true => "true", false => "false", _ => null }, (s, text) => ToBool(text) is { } value ? set(s, value) : null);

    private static bool? ToBool(string text) => text.Trim().ToLowerInvariant() switch
    {
        "true" or "1" or "yes" or "on" => true,
        "false" or "0" or "no" or "off" => false,
        _ => null,
    };

    // The old system wrote a fraction.
    private static Share? ToShare(string text) =>
        Share.TryParse(text.Trim(), out var share) ? share
        : decimal.TryParse(text.Trim(), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var fraction) && fraction <= 1
            && Share.TryParse((fraction * 100).ToString(CultureInfo.InvariantCulture) + "%", out var part) ? part
        : null;

    private static LogLevel? ToLevel(string text) => text.Trim().ToLowerInvariant() switch
    {
        "debug" => LogLevel.Debug,
        "info" => LogLevel.Info,
        "warning" => LogLevel.Warning,
        "error" or "critical" => LogLevel.Error,
        _ => null,
    };
}
