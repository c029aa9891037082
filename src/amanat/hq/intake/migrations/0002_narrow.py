from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("intake", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="NarrowPeer",
            fields=[
                ("device", models.PositiveBigIntegerField(primary_key=True, serialize=False)),
                ("number", models.PositiveBigIntegerField()),
                ("cursor", models.PositiveBigIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name="Frame",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("digest", models.BinaryField(max_length=32, unique=True)),
                ("device", models.PositiveBigIntegerField()),
                ("number", models.PositiveBigIntegerField()),
                ("kind", models.TextField()),
                ("raw", models.BinaryField()),
                ("said", models.TextField()),
                ("at_ms", models.PositiveBigIntegerField()),
            ],
            options={
                "indexes": [models.Index(fields=["device", "kind", "number"], name="frame_latest")],
            },
        ),
    ]
