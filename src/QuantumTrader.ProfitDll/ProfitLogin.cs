using QuantumTrader.Pipelines;
using QuantumTrader.ProfitDll.Callbacks;
using QuantumTrader.ProfitDll.Native;
using QuantumTrader.ProfitDll.Orders;

namespace QuantumTrader.ProfitDll;

/// <summary>Options of the section <c>profitdll</c>.</summary>
public sealed record ProfitLoginOptions
{
    /// <summary>File of the library, 64 bit, with its companion files beside it; or a folder with a <c>build.sh</c> that builds one and prints its path, such as <c>tests/ProfitDllSimulator</c>.</summary>
    public string Library { get; init; } = "ProfitDLL64.dll";

    /// <summary>Another server than the library's own; for the simulator, the file of its script.</summary>
    public string? Server { get; init; }

    /// <summary>Port of the other server.</summary>
    public string Port { get; init; } = "0";

    /// <summary>Name of the environment variable that holds the activation key. The secrets themselves are never in a file and never printed.</summary>
    public string KeyFrom { get; init; } = "PROFITDLL_KEY";

    /// <summary>Name of the environment variable that holds the user.</summary>
    public string UserFrom { get; init; } = "PROFITDLL_USER";

    /// <summary>Name of the environment variable that holds the password.</summary>
    public string PasswordFrom { get; init; } = "PROFITDLL_PASSWORD";

    /// <summary>Name of the environment variable that holds the password of the orders, which is another one.</summary>
    public string RoutingPasswordFrom { get; init; } = "PROFITDLL_ROUTING_PASSWORD";

    /// <summary>Logs in with order routing too, as <c>execution.profitdll</c> needs it. Without it the session can only watch the market.</summary>
    public bool Routing { get; init; }

    /// <summary>The program that hosts this pipeline has the session and its callbacks, and registered them through <c>ProfitTap</c>: nothing is logged in, subscribed to or logged out here.</summary>
    public bool Tap { get; init; }

    /// <summary>Letter of the exchange: <c>F</c> futures, <c>B</c> equities.</summary>
    public string Exchange { get; init; } = "F";
}

/// <summary>
/// The one session that a process can have. <c>source.profitdll</c> opens and ends it; <c>execution.profitdll</c> sends its orders through it.
/// </summary>
[Section("profitdll", "The login of ProfitDLL, which the source and the orders share.")]
public sealed class ProfitLogin
{
    private readonly SectionContext _files;
    private Connection? _connection;

    /// <summary>Loads nothing yet.</summary>
    public ProfitLogin(ProfitLoginOptions options, SectionContext files)
    {
        ArgumentNullException.ThrowIfNull(options);
        (Options, _files) = (options, files);
        if (options.Exchange.Length != 1)
        {
            throw new ConfigurationException("exchange", $"'{options.Exchange}' is no exchange; write its one letter, such as F (futures) or B (equities).");
        }
    }

    /// <summary>How it logs in.</summary>
    public ProfitLoginOptions Options { get; }

    /// <summary>Who gets the callbacks of orders; set before the session opens, null when nobody sends any.</summary>
    internal OrderTarget? Orders { get; set; }

    /// <summary>The session; null before it opens and when it has ended.</summary>
    internal Connection? Connection => Volatile.Read(ref _connection);

    /// <summary>Loads the library, and builds it first where it can be built.</summary>
    internal ProfitLibrary Load() => ProfitLibrary.Load(LibraryFile.Find(Options.Library, _files));

    /// <summary>Begins to connect, and returns at once.</summary>
    internal void Open(ProfitLibrary library, CallbackTarget target, bool tradesV2, BookFeed book)
    {
        if (Options.Tap)
        {
            Attach(target);
            return;
        }

        var (key, user, password) = (Secret(library, Options.KeyFrom), Secret(library, Options.UserFrom), Secret(library, Options.PasswordFrom));
        var functions = Orders is null ? null : new OrderFunctions(library);
        Attach(target);
        if (Options.Server is { } server)
        {
            library.SetServer(library.IsSimulator ? _files.Resolve(server) : server, Options.Port);
        }

        library.LogIn(key, user, password, Options.Routing, CallbackEntry.ForLogin(tradesV2));
        CallbackEntry.RegisterSetters(library, tradesV2, book);
        if (functions is not null)
        {
            functions.KeepOrders();
            CallbackEntry.RegisterOrders(library);
        }

        Volatile.Write(ref _connection, new Connection(library, target, functions));
    }

    private void Attach(CallbackTarget target)
    {
        if (!CallbackEntry.TryAttach(target, Orders))
        {
            throw new ConfigurationException("", "Another source.profitdll is running in this process, and ProfitDLL can serve only one. Give one source all symbols.");
        }
    }

    /// <summary>Ends the session; callbacks still come until this returns.</summary>
    internal void Close(ProfitLibrary library, CallbackTarget target)
    {
        target.IsEnding = true;
        if (Interlocked.Exchange(ref _connection, null) is not null)
        {
            _ = library.LogOut();
        }

        CallbackEntry.Detach(target);
    }

    /// <summary>What the environment holds under a name.</summary>
    /// <exception cref="ConfigurationException">Nothing.</exception>
    internal string Secret(ProfitLibrary library, string variable)
    {
        if (Environment.GetEnvironmentVariable(variable) is { Length: > 0 } secret)
        {
            return secret;
        }

        return library.IsSimulator
            ? "simulator"
            : throw new ConfigurationException("", $"The environment variable {variable} is not set. ProfitDLL logs in with {Options.KeyFrom}, {Options.UserFrom} and {Options.PasswordFrom}, and sends orders with {Options.RoutingPasswordFrom}.") { Outside = true };
    }
}

/// <summary>A session that is open.</summary>
/// <param name="Library">Its library.</param>
/// <param name="Target">Its states.</param>
/// <param name="Orders">Functions of orders; null when nobody sends any.</param>
internal sealed record Connection(ProfitLibrary Library, CallbackTarget Target, OrderFunctions? Orders);
