using System.Globalization;

namespace QuantumTrader.ProfitDll.Native;

/// <summary>What the functions return: 0 or more is good, below 0 is an error.</summary>
internal static class ReturnCodes
{
    public const int InternalError = unchecked((int)0x80000001);
    public const int InvalidArgs = unchecked((int)0x80000003);
    public const int ExchangeUnknown = unchecked((int)0x8000000F);
    public const int MarketOnly = unchecked((int)0x8000000A);
    public const int NoPosition = unchecked((int)0x8000000B);
    public const int WaitingServer = unchecked((int)0x80000004);

    // By the low byte; the vendor's list has a gap from 0x21 to 0x2D.
    private static readonly string[] Names =
    [
        "", "NL_INTERNAL_ERROR", "NL_NOT_INITIALIZED", "NL_INVALID_ARGS", "NL_WAITING_SERVER", "NL_NO_LOGIN", "NL_NO_LICENSE", "NL_PASSWORD_HASH_SHA1",
        "NL_PASSWORD_HASH_MD5", "NL_OUT_OF_RANGE", "NL_MARKET_ONLY", "NL_NO_POSITION", "NL_NOT_FOUND", "NL_VERSION_NOT_SUPPORTED", "NL_OCO_NO_RULES",
        "NL_EXCHANGE_UNKNOWN", "NL_NO_OCO_DEFINED", "NL_INVALID_SERIE", "NL_LICENSE_NOT_ALLOWED", "NL_NOT_HARD_LOGOUT", "NL_SERIE_NO_HISTORY",
        "NL_ASSET_NO_DATA", "NL_SERIE_NO_DATA", "NL_HAS_STRATEGY_RUNNING", "NL_SERIE_NO_MORE_HISTORY", "NL_SERIE_MAX_COUNT", "NL_DUPLICATE_RESOURCE",
        "NL_UNSIGNED_CONTRACT", "NL_NO_PASSWORD", "NL_NO_USER", "NL_FILE_ALREADY_EXISTS", "NL_INVALID_TICKER", "NL_NOT_MASTER_ACCOUNT",
    ];

    /// <summary>The vendor's name of a code; the number of one that has none.</summary>
    public static string Name(long code)
    {
        var low = code - int.MinValue;
        return code >= 0 ? "NL_OK"
            : low == 0x2E ? "NL_HISTORY_PERIOD_LIMIT"
            : low > 0 && low < Names.Length ? Names[low]
            : string.Create(CultureInfo.InvariantCulture, $"0x{unchecked((uint)code):X8}");
    }

    /// <summary>Throws when a call failed.</summary>
    /// <exception cref="ProfitDllException">It did.</exception>
    public static void Check(int code, string call)
    {
        if (code < 0)
        {
            throw new ProfitDllException(call, code);
        }
    }
}

/// <summary>A function of ProfitDLL failed.</summary>
public sealed class ProfitDllException(string call, int code) : Exception($"ProfitDLL refused {call}: {ReturnCodes.Name(code)}.")
{
    /// <summary>What it returned.</summary>
    public int Code { get; } = code;
}
