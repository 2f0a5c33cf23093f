using System.Reflection;
using Xunit.Abstractions;
using Xunit.Sdk;

namespace QuantumTrader.Tests.Storage;

/// <summary>A test of a contract: skipped in a class that needs a program which is missing (<see cref="NeedsAttribute"/>).</summary>
[AttributeUsage(AttributeTargets.Method)]
[XunitTestCaseDiscoverer("QuantumTrader.Tests.Storage.ContractFactDiscoverer", "QuantumTrader.Tests")]
internal sealed class ContractFactAttribute : FactAttribute;

/// <summary>The tests of a class need a program.</summary>
[AttributeUsage(AttributeTargets.Class)]
public abstract class NeedsAttribute : Attribute
{
    /// <summary>What is missing here, and how to get it; null when nothing is, or when its absence is a failure.</summary>
    public abstract string? Missing { get; }
}

/// <summary>Finds the tests of a contract in the classes that inherit it.</summary>
public sealed class ContractFactDiscoverer(IMessageSink diagnosticMessageSink) : FactDiscoverer(diagnosticMessageSink)
{
    /// <inheritdoc/>
    protected override IXunitTestCase CreateTestCase(ITestFrameworkDiscoveryOptions discoveryOptions, ITestMethod testMethod, IAttributeInfo factAttribute) =>
        testMethod.TestClass.Class.ToRuntimeType().GetCustomAttribute<NeedsAttribute>()?.Missing is { } reason
            ? new SkippedTestCase(reason, DiagnosticMessageSink, discoveryOptions, testMethod)
            : base.CreateTestCase(discoveryOptions, testMethod, factAttribute);
}

/// <summary>A test that is skipped because of its class.</summary>
public sealed class SkippedTestCase : XunitTestCase
{
    /// <summary>For the runner, which makes it anew from what <see cref="Serialize"/> gave.</summary>
    [Obsolete("For the test runner only.")]
    public SkippedTestCase() { }

    internal SkippedTestCase(string reason, IMessageSink sink, ITestFrameworkDiscoveryOptions options, ITestMethod method)
        : base(sink, options.MethodDisplayOrDefault(), options.MethodDisplayOptionsOrDefault(), method) => SkipReason = reason;

    /// <inheritdoc/>
    public override void Serialize(IXunitSerializationInfo data)
    {
        base.Serialize(data);
        data.AddValue("reason", SkipReason);
    }

    /// <inheritdoc/>
    public override void Deserialize(IXunitSerializationInfo data)
    {
        base.Deserialize(data);
        SkipReason = data.GetValue<string>("reason");
    }
}
