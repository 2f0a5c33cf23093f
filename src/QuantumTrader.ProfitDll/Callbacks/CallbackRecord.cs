using System.Runtime.InteropServices;

namespace QuantumTrader.ProfitDll.Callbacks;

/// <summary>What a <see cref="CallbackRecord"/> is.</summary>
internal enum RecordKind : byte
{
    State,
    Trade,
    OldTrade,
    Daily,
    DailyLimits,
    TinyBook,
    Offer,
    OfferPage,
    Depth,
    DepthPage,
    PageItem,
    Theoretical,
    AssetState,
    AssetInfo,
    Progress,
    Health,
    InvalidTicker,
}

/// <summary>What one callback said, copied. 80 bytes, no references; which fields mean something depends on the kind.</summary>
[StructLayout(LayoutKind.Explicit, Size = 80)]
internal struct CallbackRecord
{
    public const byte IsEdit = 1;
    public const byte IsLast = 2;
    public const byte HasPrice = 1;
    public const byte HasQuantity = 2;

    /// <summary>Of a page: the last one, the first one, and the last record of its callback.</summary>
    public const byte LastPage = 1;
    public const byte FirstPage = 2;
    public const byte EndOfCallback = 4;

    [FieldOffset(0)] public RecordKind Kind;

    /// <summary>What happens to the book; type of a trade; type of a state.</summary>
    [FieldOffset(1)] public byte Action;

    /// <summary>0 buy, 1 sell.</summary>
    [FieldOffset(2)] public byte Side;

    [FieldOffset(3)] public byte Flags;
    [FieldOffset(4)] public int Symbol;

    /// <summary>The machine's clock in the callback, ns UTC.</summary>
    [FieldOffset(8)] public long ReceiveTime;

    [FieldOffset(16)] public double Price;
    [FieldOffset(24)] public long Quantity;

    /// <summary>The exchange's own time, ns since 1970 by its clock; 0 when the callback gave none.</summary>
    [FieldOffset(32)] public long LocalTime;

    /// <summary>Number of a trade; connection that a state belongs to.</summary>
    [FieldOffset(40)] public long Number;

    [FieldOffset(48)] public int Buyer;
    [FieldOffset(52)] public int Seller;

    /// <summary>Place in the book, 0 is the top; items of a page; result of a state.</summary>
    [FieldOffset(56)] public int Position;

    /// <summary>Records that the ring had no room for, just before this one.</summary>
    [FieldOffset(60)] public uint Lost;

    /// <summary>Further figures of a daily callback or an asset.</summary>
    [FieldOffset(64)] public double Second;
    [FieldOffset(72)] public double Third;
    [FieldOffset(48)] public double Fourth;
}
