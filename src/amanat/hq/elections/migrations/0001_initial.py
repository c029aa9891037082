"""First schema."""

from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Act",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at_ms", models.PositiveBigIntegerField()),
                ("what", models.TextField()),
                ("detail", models.TextField()),
            ],
        ),
        migrations.CreateModel(
            name="Election",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("eh", models.BinaryField(max_length=32)),
                ("epoch", models.BinaryField(max_length=16)),
            ],
        ),
        migrations.CreateModel(
            name="RegisterDelta",
            fields=[
                ("version", models.PositiveBigIntegerField(primary_key=True, serialize=False)),
                ("delta", models.BinaryField()),
                ("signature", models.BinaryField(max_length=64)),
                ("at_ms", models.PositiveBigIntegerField()),
            ],
        ),
    ]
